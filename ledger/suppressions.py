"""What must never be served or ingested again: a growing list with a sequence number, also written to a log outside the workspace."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, Column, Connection, Engine, String, Table, UniqueConstraint, func, select

from configs.faults import reach
from ledger.columns import LEDGER, Moment
from ledger.database import asking, batches, writing
from ledger.outside import Line, OutsideLog, read_lines

Kind = Literal["document", "version", "text", "subject", "source"]

_SUPPRESSION = Table(
    "suppression",
    LEDGER,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("request_id", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("kind", "key", name="suppression_once"),
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """One thing that is refused from `at` on, for ever, and the request that asked for it."""

    kind: Kind
    key: str
    request_id: str
    at: datetime

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"a suppression is of a {', '.join(get_args(Kind))}, not of {self.kind!r}")


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Everything that is refused, up to and including `sequence`."""

    sequence: int
    documents: frozenset[str]
    versions: frozenset[str]
    texts: frozenset[str]
    subjects: frozenset[str]
    sources: frozenset[str]


class Suppressions:
    """The list. `outside` names the log beyond the workspace; ledger and log number their entries alike."""

    def __init__(self, engine: Engine, outside: Path | None = None) -> None:
        self._engine = engine
        self._log = OutsideLog("suppressions", outside, "sequence")

    def add(self, entries: Iterable[Suppression], /) -> int:
        """The sequence number after the entries, which are then in ledger and log. What is already there keeps its number.

        The log is written first: after a crash in between it is ahead, and `adopt` or the next `add` takes over what it says.
        """
        with writing(self._engine) as connection:
            self._catch_up(connection)
            head = _head(connection)
            new = _without_known(connection, entries)
            rows = [_row(entry, head + number) for number, entry in enumerate(new, start=1)]
            if rows:
                self._log.append(connection, map(_line, rows))
                reach("suppressions.logged")
                connection.execute(_SUPPRESSION.insert(), rows)
        return head + len(rows)

    def adopt(self) -> int:
        """How many entries the ledger lacked and took over from the log outside: after a crash or a restored backup."""
        return self._log.adopt(self._engine, self._catch_up)

    def behind(self) -> int:
        """How many entries of the log outside the ledger lacks; a ledger that is behind must not serve before `adopt`."""
        head = self.sequence()
        return sum(line["sequence"] > head for line in (read_lines(self._log.path) if self._log.path else ()))

    def sequence(self) -> int:
        """The number of the last entry, 0 before the first."""
        with self._engine.connect() as connection:
            return _head(connection)

    def since(self, sequence: int, /) -> list[Suppression]:
        """The entries after a number, in order."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_SUPPRESSION).where(_SUPPRESSION.c.sequence > sequence).order_by(_SUPPRESSION.c.sequence))
            return [Suppression(row.kind, row.key, row.request_id, row.at) for row in rows]

    def suppressed(self, keys: Collection[str], kind: Kind = "document", /) -> set[str]:
        """Those of the keys that are refused."""
        found: set[str] = set()
        of_kind = select(_SUPPRESSION.c.key).where(_SUPPRESSION.c.kind == kind)
        with asking(self._engine) as connection:
            for batch in batches(set(keys)):
                found.update(connection.execute(of_kind.where(_SUPPRESSION.c.key.in_(batch))).scalars())
        return found

    def all(self) -> Suppressed:
        """Everything that is refused, read at one moment."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_SUPPRESSION.c.sequence, _SUPPRESSION.c.kind, _SUPPRESSION.c.key)).all()
        keys = {kind: frozenset(row.key for row in rows if row.kind == kind) for kind in get_args(Kind)}
        return Suppressed(
            max((row.sequence for row in rows), default=0), keys["document"], keys["version"], keys["text"], keys["subject"], keys["source"]
        )

    def _catch_up(self, connection: Connection) -> int:
        def take(lines: Sequence[Line]) -> int:
            head = _head(connection)
            rows = [{**line, "at": datetime.fromisoformat(line["at"])} for line in lines if line["sequence"] > head]
            if rows:
                connection.execute(_SUPPRESSION.insert(), rows)
            return len(rows)

        def held() -> list[Line]:
            rows = connection.execute(select(_SUPPRESSION).order_by(_SUPPRESSION.c.sequence))
            return [_line(dict(row._mapping)) for row in rows]

        return self._log.catch_up(connection, take, held)


def _head(connection: Connection) -> int:
    return connection.execute(select(func.max(_SUPPRESSION.c.sequence))).scalar_one() or 0


def _without_known(connection: Connection, entries: Iterable[Suppression]) -> list[Suppression]:
    new: dict[tuple[str, str], Suppression] = {}
    for entry in entries:
        new.setdefault((entry.kind, entry.key), entry)
    for batch in batches(list(new)):
        known = select(_SUPPRESSION.c.kind, _SUPPRESSION.c.key).where(_SUPPRESSION.c.key.in_([key for _, key in batch]))
        for row in connection.execute(known):
            new.pop((row.kind, row.key), None)
    return list(new.values())


def _row(entry: Suppression, sequence: int) -> dict[str, Any]:
    return {"sequence": sequence, "kind": entry.kind, "key": entry.key, "request_id": entry.request_id, "at": entry.at}


def _line(row: dict[str, Any]) -> Line:
    return {**row, "at": row["at"].astimezone(UTC).isoformat()}
