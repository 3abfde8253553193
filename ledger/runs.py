"""Runs: what was started, how it ended, and what it counted."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import JSON, BigInteger, Column, Engine, String, Table, func, select, update

from contracts.ids import fingerprint
from ledger.columns import LEDGER, Moment
from ledger.database import writing

Outcome = Literal["running", "done", "failed", "interrupted"]

_RUN = Table(
    "run",
    LEDGER,
    Column("run_id", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("flow", String, nullable=False),
    Column("source", String, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=True),
    Column("outcome", String, nullable=False),
    Column("counts", JSON, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run. `number` counts all runs of the workspace from 1; an empty `source` means all sources."""

    run_id: str
    number: int
    flow: str
    source: str
    started_at: datetime
    finished_at: datetime | None
    outcome: Outcome
    counts: dict[str, Any]


class Runs:
    """All runs of the workspace."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, flow: str, source: str, started_at: datetime, /) -> Run:
        """A new run, numbered after the last one; its id comes from its number, flow, source and start."""
        with writing(self._engine) as connection:
            number = (connection.execute(select(func.max(_RUN.c.number))).scalar_one() or 0) + 1
            name = fingerprint("run", number=number, flow=flow, source=source, started_at=started_at.astimezone(UTC).isoformat())[:16]
            run = Run(name, number, flow, source, started_at, None, "running", {})
            connection.execute(_RUN.insert().values({column: getattr(run, column) for column in Run.__slots__}))
        return run

    def finish(self, run_id: str, outcome: Outcome, finished_at: datetime, /, counts: dict[str, Any]) -> None:
        """The run has ended this way."""
        with writing(self._engine) as connection:
            ended = {"outcome": outcome, "finished_at": finished_at, "counts": counts}
            connection.execute(update(_RUN).where(_RUN.c.run_id == run_id).values(ended))

    def interrupt_unfinished(self, at: datetime, /) -> list[str]:
        """Runs that a dead process left running, now marked `interrupted`. Call it only while holding the workspace's lock."""
        lost = [run.run_id for run in self.recent(outcome="running")]
        if lost:
            with writing(self._engine) as connection:
                ended = {"outcome": "interrupted", "finished_at": at}
                connection.execute(update(_RUN).where(_RUN.c.outcome == "running").values(ended))
        return lost

    def get(self, run_id: str, /) -> Run | None:
        """One run, None if there is none of that id."""
        return next(iter(self._read(_RUN.c.run_id == run_id, 1)), None)

    def recent(self, *, limit: int | None = None, outcome: Outcome | None = None) -> list[Run]:
        """The last runs, newest first."""
        return self._read(_RUN.c.outcome == outcome if outcome else _RUN.c.number > 0, limit)

    def _read(self, which: Any, limit: int | None) -> list[Run]:
        with self._engine.connect() as connection:
            rows = connection.execute(select(_RUN).where(which).order_by(_RUN.c.number.desc()).limit(limit))
            return [Run(**row._mapping) for row in rows]
