"""A log of JSON lines outside the workspace: what it says survives the loss, the restore and the rewriting of the workspace."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Engine, String, Table, select

from contracts.errors import StoreUnavailable
from ledger.columns import LEDGER
from ledger.database import asking, upsert, writing

_MARK = Table(
    "outside_mark",
    LEDGER,
    Column("log", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("tail", String(64), nullable=False),
)
_TAIL = 4096

Line = dict[str, Any]
"""A line of a log, as JSON has it."""


@dataclass(frozen=True, slots=True)
class OutsideLog:
    """A log beside the workspace, and in the ledger a mark: up to which byte the two hold the same. So opening reads only what is new.

    `path` None is a ledger without a log, which is always up to date. Each method but `is_marked` and `adopt` wants the write lock.
    """

    name: str
    path: Path | None
    key: str
    """The member of a line that tells it from all others."""

    def is_marked(self, connection: Connection, /) -> bool:
        """Whether the log ends where the ledger last saw it end, with the same bytes: else there is something to catch up with."""
        mark = self._mark(connection)
        return self.path is None or (mark is not None and mark == _look(self.path, None))

    def adopt(self, engine: Engine, catch_up: Callable[[Connection], int], /) -> int:
        """What `catch_up` answers, given the write lock; 0, and no more than a look, where there is nothing to catch up with."""
        with asking(engine) as connection:
            if self.is_marked(connection):
                return 0
        with writing(engine) as connection:
            return catch_up(connection)

    def catch_up(self, connection: Connection, take: Callable[[Sequence[Line]], int], held: Callable[[], Iterable[Line]]) -> int:
        """How many lines the ledger took over; log and ledger hold the same when this returns.

        `take` stores those of the lines that the ledger lacks and counts them; `held` is all that the ledger holds, asked only where
        the log is not the one that was marked: a log that was lost, or cut, or never was, is completed from the ledger.
        """
        if self.path is None or self.is_marked(connection):
            return 0
        mark = self._mark(connection)
        goes_on = mark is not None and mark == _look(self.path, mark[0])
        lines = read_lines(self.path, mark[0] if mark and goes_on else 0)
        taken = take(lines)
        if not goes_on:
            logged = {line[self.key] for line in lines}
            append_lines(self.path, [line for line in held() if line[self.key] not in logged])
        self._set_mark(connection)
        return taken

    def append(self, connection: Connection, lines: Iterable[Line], /) -> None:
        """The lines are on disk when this returns. Only after `catch_up`, in the same transaction."""
        if self.path is not None:
            append_lines(self.path, lines)
            self._set_mark(connection)

    def _mark(self, connection: Connection) -> tuple[int, str] | None:
        row = connection.execute(select(_MARK.c.size, _MARK.c.tail).where(_MARK.c.log == self.name)).one_or_none()
        return (row.size, row.tail) if row else None

    def _set_mark(self, connection: Connection) -> None:
        assert self.path is not None
        size, tail = _look(self.path, None)
        upsert(connection, _MARK, [{"log": self.name, "size": size, "tail": tail}])


def append_lines(path: Path, entries: Iterable[dict[str, Any]], /) -> None:
    """Every entry is on disk when this returns. A line that a crash cut short stays behind as a line of its own, which readers skip."""
    lines = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in entries)
    if not lines:
        return
    created = not path.exists()
    try:
        with open(path, "a+b") as log:
            log.write((b"\n" if _is_torn(path) else b"") + lines.encode())
            log.flush()
            os.fsync(log.fileno())
        if created:
            _sync_folder(path.parent)
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}. It has to be written before anything is acknowledged") from error


def read_lines(path: Path, start: int = 0, /) -> list[dict[str, Any]]:
    """The entries from byte `start` on, in the order in which they were appended; none if there is no log yet.

    Lines cut short by a crash are left out.
    """
    if not path.exists():
        return []
    with open(path, "rb") as log:
        log.seek(start)
        content = log.read()
    entries = []
    for line in content.splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries


def _look(path: Path, size: int | None) -> tuple[int, str]:
    """(size, digest of what is right before it) of a log as if it ended at `size`; None: where it does end. (0, "") without one."""
    try:
        with open(path, "rb") as log:
            end = log.seek(0, os.SEEK_END)
            if size is not None and size > end:
                return end, ""
            size = end if size is None else size
            log.seek(max(0, size - _TAIL))
            return size, hashlib.sha256(log.read(min(size, _TAIL))).hexdigest()
    except FileNotFoundError:
        return 0, ""
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}. Without it nobody knows what was taken away") from error


def _is_torn(path: Path) -> bool:
    with open(path, "rb") as log:
        if not log.seek(0, os.SEEK_END):
            return False
        log.seek(-1, os.SEEK_END)
        return log.read(1) != b"\n"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
