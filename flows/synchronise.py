"""Gold to the index: the difference applied once, in batches that a crash cannot leave half known."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from configs.faults import reach
from contracts.ports import Progress, Vectors
from contracts.results import Applied
from flows.beside import build_beside, drop_replaced, put_in_place
from flows.decide import Decision, decide, known_access, write_gold
from flows.embedded import embedded_batches
from flows.judge import NOT_JUDGED, Bar, Judged, usual_bar
from flows.readback import digests, is_remembered, present_rows
from flows.release import release
from flows.scope import EVERYTHING, Scope, touched_by
from flows.serving import note_serving
from flows.withdraw import delete_rows, forget_beside, withdraw
from flows.workspace import Workspace
from vectorstore.diff import diff

_SETTLE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Synchronised:
    """What was decided, and what that did to the index."""

    decision: Decision
    applied: Applied
    judged: Judged = NOT_JUDGED
    """Of what was built beside, if anything was."""


def synchronise(workspace: Workspace, run_id: str, /, *, bar: Bar | None = None, now: datetime, progress: Progress) -> Synchronised:
    """The index holds what is wanted as of `now` when this returns, unless what was built beside it was refused.

    Where a bar is given, or the model is another one than the index was made with, a new collection is built while the old one answers,
    and takes its place at once if it clears the bar, the settings' own unless it is given. An erasure that arrives meanwhile wins: batches
    are compared with the suppressions before and after, and what became suppressed is decided anew and taken out.
    """
    beside, applied = bar is not None, Applied()
    drop_replaced(workspace, now=now)
    while True:
        beside = beside or workspace.index.outdated()
        decision = _decide(workspace, EVERYTHING, now)
        build = build_beside if beside else _apply
        applied += build(workspace, decision, run_id, progress, now=now)
        if workspace.suppressions.sequence() == decision.sequence:
            judged = NOT_JUDGED
            if beside:
                judged = put_in_place(workspace, decision, run_id, bar or usual_bar(workspace), now=now, progress=progress)
            if not judged.refused:
                note_serving(workspace, now=now)
            return Synchronised(decision, applied, judged)


def take_out(
    workspace: Workspace, run_id: str, leaving: Collection[str], /, *, changed: Collection[str] = (), now: datetime, progress: Progress
) -> Applied:
    """Documents that leave are not in the index when this returns, nor what was in `changed` ones; what they hid is.

    It looks only at what `leaving` touches where nothing changed. An index of another model loses them, and whatever else may not be served
    any more, and no more is done to it.
    """
    applied = Applied()
    while True:
        if workspace.index.outdated():
            gone = withdraw(workspace, _decide(workspace, EVERYTHING, now), run_id, also={*leaving, *changed})
            return applied + Applied(deleted=gone)
        narrow = not changed and bool(workspace.index.collection()) and is_remembered(workspace)
        decision = _decide(workspace, touched_by(workspace, leaving) if narrow else EVERYTHING, now)
        applied += _apply(workspace, decision, run_id, progress, now=now)
        if workspace.suppressions.sequence() == decision.sequence:
            return applied


def _decide(workspace: Workspace, scope: Scope, now: datetime) -> Decision:
    decision = decide(workspace, now=now, scope=scope)
    write_gold(workspace, decision)
    workspace.access.put_many(known_access(decision))
    return decision


def _apply(workspace: Workspace, decision: Decision, run_id: str, progress: Progress, /, *, now: datetime) -> Applied:
    index = workspace.index
    if not index.collection():
        index.recreate()
    changes = diff(decision.wanted, present_rows(workspace, run_id, decision.scope.documents).filter(decision.concerns()))
    forget_beside(workspace, changes.withdrawals)
    delete_rows(workspace, changes.withdrawals, run_id)
    applied, done = Applied(deleted=changes.withdrawals.height), 0
    for rows, vectors, embedded in embedded_batches(workspace, changes.upserts, decision.sequence, now=now):
        _upsert(workspace, rows, vectors, run_id)
        applied += embedded
        done += rows.height
        if done % _SETTLE_ROWS < rows.height:
            index.settle()
        progress.advance("embed", done, changes.upserts.height)
    if workspace.suppressions.sequence() != decision.sequence:
        return applied
    delete_rows(workspace, changes.leftovers, run_id)
    applied += Applied(deleted=changes.leftovers.height)
    if done:
        index.settle()
    release(workspace, {*changes.upserts["document_id"], *changes.leftovers["document_id"], *changes.withdrawals["document_id"]})
    return applied


def _upsert(workspace: Workspace, rows: pl.DataFrame, vectors: Vectors, run_id: str) -> None:
    workspace.present.intend(workspace.index.collection(), rows["chunk_id"].to_list(), [])
    reach("sync.intended")
    workspace.index.upsert(rows, vectors)
    reach("sync.upserted")
    told = rows.select("chunk_id", "document_id", "row_hash").with_columns(vector_digest=pl.Series(digests(vectors), dtype=pl.String))
    workspace.present.acknowledge(told, [], run_id)
    reach("sync.acknowledged")
