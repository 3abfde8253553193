"""Expiry: what has ended by now leaves every store; consents and terms that changed are applied."""

from dataclasses import dataclass
from datetime import datetime

from contracts.ports import Progress
from flows.erase import resume
from flows.record import recorded
from flows.retire import finish_removals, retire_expired
from flows.synchronise import synchronise, take_out
from flows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Expired:
    """Documents that had expired, and rows of the index that were written or deleted for this or another reason."""

    documents: int
    upserted: int
    deleted: int
    run_id: str


def expire(workspace: Workspace, /, *, now: datetime, progress: Progress) -> Expired:
    """Nothing that has expired by `now`, or is no longer admitted, is in the index. Searches left it out since the moment it ended.

    Where the settings name another model than the index was made with, what ends is taken out, and building the other is left to an ingest.
    """
    with recorded(workspace, "expire", "", now=now) as run:
        resume(workspace, now=now, progress=progress)
        expired = retire_expired(workspace, now=now)
        if workspace.index.outdated():
            applied = take_out(workspace, run.run_id, expired, now=now, progress=progress)
        else:
            applied = synchronise(workspace, run.run_id, now=now, progress=progress).applied
        finish_removals(workspace, now=now)
        run.counts = Expired(len(expired), applied.upserted, applied.deleted, run.run_id)
    return run.counts
