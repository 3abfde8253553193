"""Another collection built while one answers, and put in its place at once."""

from datetime import datetime, timedelta

import polars as pl

from configs.faults import reach
from contracts.errors import StoreUnavailable
from contracts.ports import Progress
from contracts.results import Applied
from flows.decide import Decision
from flows.embedded import embedded_batches
from flows.judge import Bar, Judged, judge
from flows.readback import remember
from flows.release import release
from flows.serving import know_model
from flows.withdraw import withdraw
from flows.workspace import Index, Workspace
from ledger.database import batches
from vectorstore.diff import diff

_DOCUMENTS_AT_ONCE = 2_000
_IDS = ["chunk_id", "document_id", "row_hash"]


def build_beside(workspace: Workspace, decision: Decision, run_id: str, progress: Progress, /, *, now: datetime) -> Applied:
    """What is wanted is in the collection beside the one that answers, from which goes what may not be served any more.

    A build that was interrupted goes on where it stopped. It stops by itself where something was suppressed meanwhile.
    """
    applied = Applied(deleted=withdraw(workspace, decision, run_id))
    beside = workspace.index.beside()
    changes = diff(decision.wanted, _held(beside))
    beside.delete([*changes.withdrawals["chunk_id"], *changes.leftovers["chunk_id"]])
    for rows, vectors, embedded in embedded_batches(workspace, changes.upserts, decision.sequence, now=now):
        beside.upsert(rows, vectors)
        reach("beside.upserted")
        applied += embedded
        progress.advance("embed", applied.upserted, changes.upserts.height)
    beside.settle()
    return applied


def put_in_place(workspace: Workspace, decision: Decision, run_id: str, bar: Bar, /, *, now: datetime, progress: Progress) -> Judged:
    """What was built beside answers from now on, unless it was refused. It holds exactly what is wanted, else StoreUnavailable."""
    beside = workspace.index.beside()
    changes = diff(decision.wanted, _held(beside))
    if changes.deletes or changes.upserts.height:
        raise StoreUnavailable(
            f"index: the collection that was built holds {changes.upserts.height} rows too few and {changes.deletes} too many, so the one "
            "before goes on answering. Run it again"
        )
    judged = judge(workspace, beside, bar, now=now, progress=progress)
    if judged.refused:
        return judged
    know_model(workspace, now=now)
    workspace.served.begin(workspace.model.fingerprint, now)  # before it does: killed in between, what is kept goes in time all the same
    reach("beside.begun")
    workspace.index.promote()
    reach("beside.promoted")
    remember(workspace, run_id)
    for documents in batches(decision.wanted["document_id"].unique().sort(), _DOCUMENTS_AT_ONCE):
        release(workspace, documents)
    drop_replaced(workspace, now=now)
    return judged


def drop_replaced(workspace: Workspace, /, *, now: datetime) -> None:
    """The collection that was replaced goes, with what was made of everybody's texts, once its time has passed."""
    ended = workspace.served.replaced_at()
    if ended is not None and ended + timedelta(hours=workspace.settings.stores.keep_replaced_hours) <= now:
        workspace.index.drop("_before")
        workspace.served.forget_replaced()


def _held(store: Index) -> pl.DataFrame:
    pages = [page.select(_IDS) for page in store.read()]
    return pl.concat(pages) if pages else pl.DataFrame(schema=dict.fromkeys(_IDS, pl.String))
