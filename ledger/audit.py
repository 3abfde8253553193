"""The audit: events in a chain of hashes that only grows, with signed checkpoints outside the workspace."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, LargeBinary, Table, Text, cast, func, select

from configs.faults import reach
from contracts.errors import UsageError
from ledger.chain import GENESIS, MOST_PROBLEMS, Head, Verified, link, verify_chain
from ledger.checkpoints import read_checkpoints, write_checkpoint
from ledger.columns import LEDGER
from ledger.database import writing
from ledger.events import Event, canonical, read_canonical
from ledger.signing import Signer

_EVENT = Table(
    "audit_event",
    LEDGER,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("event", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
_AS_ON_DISK = (
    func.coalesce(cast(_EVENT.c.sequence, Integer), 0),
    func.coalesce(cast(_EVENT.c.event, LargeBinary), b""),
    func.coalesce(cast(_EVENT.c.hash, LargeBinary), b""),
)
"""Whatever somebody wrote into the file: numbers and bytes, and the database decodes nothing."""
_AT_ONCE = 5_000
_EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its number and hash."""

    sequence: int
    event: Event
    hash: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events: all that fit everything that is stated. `since` is inclusive."""

    since: datetime | None = None
    actor: str | None = None
    action: str | None = None
    object_id: str | None = None


class Audit:
    """The events of a ledger. `outside` names the log of checkpoints, kept beyond the workspace; without one none are made."""

    def __init__(self, engine: Engine, signer: Signer, outside: Path | None = None, *, every: int = _EVERY) -> None:
        self._engine = engine
        self._signer = signer
        self._outside = outside
        self._every = every
        self._unsigned = 0
        self._counting = Lock()

    def record(self, event: Event, /) -> Head:
        """The chain's end after one event, which is on disk then."""
        return self.append([event])

    def append(self, events: Iterable[Event], /) -> Head:
        """The chain's end after all of the events, which are on disk then, in one transaction. A checkpoint follows every 10,000 events."""
        with writing(self._engine) as connection:
            before = _head(connection)
            rows = list(_chained(before, events))
            if rows:
                connection.execute(_EVENT.insert(), rows)
        if not rows:
            return before
        reach("audit.appended")
        with self._counting:
            self._unsigned += len(rows)
            if self._unsigned >= self._every:
                self._state(datetime.fromisoformat(json.loads(rows[-1]["event"])["at"]))
        return Head(rows[-1]["sequence"], rows[-1]["hash"].hex())

    def head(self) -> Head:
        """The last event's number and hash; 0 and zeros before the first."""
        with self._engine.connect() as connection:
            return _head(connection)

    def checkpoint(self, at: datetime, /) -> Head | None:
        """The chain's end, once a signed statement of it is on disk outside; None if nothing was appended since the last one.

        Only what is committed is stated, so the ledger is never shorter than an acknowledged checkpoint. Call it when a command ends.
        """
        with self._counting:
            return self._state(at)

    def events(self, choice: Choice | None = None, /, *, limit: int | None = None) -> list[Recorded]:
        """The chosen events, or the last `limit` of them, oldest first. UsageError at one that cannot be read any more."""
        found: list[Recorded] = []
        for recorded in self._newest_first(choice or Choice()):
            if limit is not None and len(found) >= limit:
                break
            found.append(recorded)
        return found[::-1]

    def export(self, path: Path, /) -> int:
        """How many events are now in a file of JSON lines: each event's canonical form with a last member, `hash`. Replaces the file."""
        count = 0
        with open(path, "wb") as file:
            for _, event, digest in self._rows():
                file.write(b'%b,"hash":"%b"}\n' % (event.removesuffix(b"}"), digest.hex().encode()))
                count += 1
        return count

    def verify(self, public_key_pem: bytes | None = None) -> Verified:
        """What is wrong with the chain, and with its checkpoints by that public key (default: the workspace's own)."""
        if self._outside is None:
            return verify_chain(self._rows(), {})
        outside = read_checkpoints(self._outside, public_key_pem or self._signer.public_key_pem())
        chain = verify_chain(self._rows(), outside.heads)
        problems = (*outside.problems, *chain.problems)
        return replace(chain, problems=problems[:MOST_PROBLEMS], more=chain.more + len(problems[MOST_PROBLEMS:]))

    def _state(self, at: datetime) -> Head | None:
        if not self._unsigned or self._outside is None:
            return None
        head = self.head()
        write_checkpoint(self._outside, head, at, self._signer)
        self._unsigned = 0
        return head

    def _rows(self) -> Iterator[tuple[int, bytes, bytes]]:
        with self._engine.connect() as connection:
            result = connection.execution_options(yield_per=_AT_ONCE).execute(select(*_AS_ON_DISK).order_by(_EVENT.c.sequence))
            for part in result.partitions():
                yield from part  # type: ignore[misc]

    def _newest_first(self, choice: Choice) -> Iterator[Recorded]:
        query = select(*_AS_ON_DISK).order_by(_EVENT.c.sequence.desc())
        for fragment in _fragments(choice):
            query = query.where(_EVENT.c.event.contains(fragment, autoescape=True))
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=_AT_ONCE).execute(query):
                recorded = _read(*row)
                if _fits(recorded.event, choice):
                    yield recorded


def _head(connection: Connection) -> Head:
    last = connection.execute(select(*_AS_ON_DISK).order_by(_EVENT.c.sequence.desc()).limit(1)).one_or_none()
    return Head(last[0], last[2].hex()) if last else Head(0, GENESIS.hex())


def _chained(head: Head, events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    previous = bytes.fromhex(head.hash)
    for sequence, event in enumerate(events, start=head.sequence + 1):
        text = canonical(sequence, event)
        previous = link(previous, text.encode())
        yield {"sequence": sequence, "event": text, "hash": previous}


def _fragments(choice: Choice) -> list[str]:
    """What the canonical form of a chosen event must contain, for the database to look for."""
    stated = {"actor": choice.actor, "action": choice.action}
    members = [f'"{name}":{json.dumps(value, ensure_ascii=False)}' for name, value in stated.items() if value is not None]
    return members + ([] if choice.object_id is None else [f'"{choice.object_id}"'])


def _fits(event: Event, choice: Choice) -> bool:
    return (
        (choice.since is None or event.at >= choice.since)
        and (choice.actor is None or event.actor == choice.actor)
        and (choice.action is None or event.action == choice.action)
        and (choice.object_id is None or choice.object_id in event.objects)
    )


def _read(sequence: int, event: bytes, digest: bytes) -> Recorded:
    try:
        return Recorded(sequence, read_canonical(event), digest.hex())
    except ValueError:
        raise UsageError(f"audit event {sequence}: altered, and cannot be read. What is wrong is told by: ragkeep audit verify") from None
