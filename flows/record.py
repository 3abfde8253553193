"""The record of a run: begun, and ended as it ended, in the ledger and in the log."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flows.workspace import Workspace
from ledger.database import batches
from ledger.events import Event

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(slots=True)
class Running:
    """A run in progress; `counts` is what it will be remembered by."""

    run_id: str
    now: datetime
    started: float
    counts: "DataclassInstance | None" = None

    def moment(self) -> datetime:
        """The run's own `now`, and the time that has passed since: when something was done, not when it was asked for."""
        return self.now + timedelta(seconds=perf_counter() - self.started)

    def seconds(self) -> float:
        """How long it has been running, in milliseconds' precision."""
        return round(perf_counter() - self.started, 3)


@contextmanager
def recorded(workspace: Workspace, flow: str, source: str, /, *, now: datetime) -> Iterator[Running]:
    """A run that the ledger knows from its start. A killed run is marked `interrupted` by the next process."""
    run = Running(workspace.runs.start(flow, source, now).run_id, now, perf_counter())
    outcome = "failed"
    try:
        yield run
        outcome = "done"
    finally:
        finished_at = run.moment()
        counts: dict[str, Any] = json.loads(json.dumps(asdict(run.counts), default=str)) if run.counts else {}
        workspace.runs.finish(run.run_id, outcome, finished_at, counts)  # type: ignore[arg-type]
        workspace.notifier.notify(f"run.{outcome}", flow=flow, run_id=run.run_id, seconds=run.seconds(), counts=counts)


OPERATOR = "operator"
"""Whoever uses the command line or a notebook, and so holds the workspace's key."""


def audit(workspace: Workspace, action: str, objects: Collection[str], /, *, now: datetime, rule: str = "", actor: str = "ragkeep") -> None:
    """The audit says what was done to, or seen of, these documents or requests, in events of a bearable size; of nothing, nothing."""
    workspace.audit.append(Event(now, actor, action, tuple(part), rule=rule) for part in batches(sorted(objects), 1000))
