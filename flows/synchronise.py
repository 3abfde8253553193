"""Gold to the index: the difference applied once, in batches that a crash cannot leave half known."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from configs.faults import reach
from contracts.ports import Progress, Vectors
from contracts.results import Applied
from flows.decide import Decision, decide, known_access, write_gold
from flows.embedded import keyed_texts
from flows.release import release
from flows.scope import EVERYTHING, touched_by
from flows.workspace import Workspace
from vectorstore.diff import diff

_BATCH_ROWS = 256
_SETTLE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Synchronised:
    """What was decided, and what that did to the index."""

    decision: Decision
    applied: Applied


def synchronise(
    workspace: Workspace, run_id: str, /, *, now: datetime, progress: Progress, leaving: Collection[str] | None = None
) -> Synchronised:
    """The index holds what is wanted as of `now` when this returns. Told which documents are `leaving`, it looks only at what that touches.

    An erasure that arrives meanwhile wins: batches are compared with the suppressions before and after, and what became suppressed
    is decided anew and taken out.
    """
    applied = Applied()
    while True:
        scope = touched_by(workspace, leaving) if leaving is not None and _trusted(workspace) else EVERYTHING
        decision = decide(workspace, now=now, scope=scope)
        write_gold(workspace, decision)
        workspace.access.put_many(known_access(decision))
        applied += _apply(workspace, decision, run_id, progress)
        if workspace.suppressions.sequence() == decision.sequence:
            return Synchronised(decision, applied)


def present_rows(workspace: Workspace, run_id: str, /, document_ids: Collection[str] | None = None) -> pl.DataFrame:
    """chunk_id, document_id, row_hash of what the index holds, of all or of some documents: as remembered, or read back in doubt."""
    if not _remembered(workspace):
        workspace.present.replace(read_back(workspace), workspace.index.collection(), run_id)
    return workspace.present.frame(document_ids)


def read_back(workspace: Workspace, /) -> pl.DataFrame:
    """chunk_id, document_id, row_hash, vector_digest of every row that the store itself holds."""
    batches = [
        batch.select("chunk_id", "document_id", "row_hash", vector_digest=pl.Series(digests(batch["vector"]), dtype=pl.String))
        for batch in workspace.index.read(vectors=True)
    ]
    schema = {name: pl.String for name in ("chunk_id", "document_id", "row_hash", "vector_digest")}
    return pl.concat(batches) if batches else pl.DataFrame(schema=schema)


def digests(vectors: pl.Series | Vectors, /) -> list[str]:
    """A short hash of each vector's bytes: tells a vector that was altered from the one that was written."""
    rows = np.asarray(vectors.to_list(), dtype="<f4") if isinstance(vectors, pl.Series) else np.ascontiguousarray(vectors, dtype="<f4")
    return [hashlib.sha256(row.tobytes()).hexdigest()[:32] for row in rows]


def _trusted(workspace: Workspace) -> bool:
    """Whether the index was made for this model and is as it was left, so that a part of it may be changed without a look at the rest."""
    return bool(workspace.index.collection()) and not workspace.index.outdated() and _remembered(workspace)


def _remembered(workspace: Workspace) -> bool:
    present, state = workspace.present, workspace.index.state()
    return not present.open_intent() and (present.collection() or "") == state.collection and present.count() == state.rows


def _apply(workspace: Workspace, decision: Decision, run_id: str, progress: Progress) -> Applied:
    index = workspace.index
    if index.outdated() or not index.collection():
        index.recreate()
    changes = diff(decision.wanted, present_rows(workspace, run_id, decision.scope.documents).filter(decision.concerns()))
    _delete(workspace, changes.withdrawals, run_id)
    applied, done = Applied(deleted=changes.withdrawals.height), 0
    for batch in changes.upserts.iter_slices(_BATCH_ROWS):
        if workspace.suppressions.sequence() != decision.sequence:
            return applied
        applied += _upsert(workspace, batch, run_id)
        done += batch.height
        if done % _SETTLE_ROWS < batch.height:
            index.settle()
        progress.advance("embed", done, changes.upserts.height)
    _delete(workspace, changes.leftovers, run_id)
    applied += Applied(deleted=changes.leftovers.height)
    if done:
        index.settle()
    release(workspace, {*changes.upserts["document_id"], *changes.leftovers["document_id"], *changes.withdrawals["document_id"]})
    return applied


def _upsert(workspace: Workspace, batch: pl.DataFrame, run_id: str) -> Applied:
    rows = workspace.lake.rows.read(batch["document_id"].unique().to_list()).join(batch.select("chunk_id"), on="chunk_id", how="semi")
    vectors, hits = _embed(workspace, rows)
    workspace.present.intend(workspace.index.collection(), rows["chunk_id"].to_list(), [])
    reach("sync.intended")
    workspace.index.upsert(rows, vectors)
    reach("sync.upserted")
    told = rows.select("chunk_id", "document_id", "row_hash").with_columns(vector_digest=pl.Series(digests(vectors), dtype=pl.String))
    workspace.present.acknowledge(told, [], run_id)
    reach("sync.acknowledged")
    return Applied(embedded=rows.height - hits, cache_hits=hits, upserted=rows.height)


def _embed(workspace: Workspace, rows: pl.DataFrame) -> tuple[Vectors, int]:
    """Vectors in the rows' order, and how many came from the cache; the model is loaded only for what the cache lacks."""
    keyed = keyed_texts(workspace, rows)
    keys = [key for key, _ in keyed]
    owners = list(zip(keys, rows["document_id"], strict=True))
    found = workspace.vectors.get(keys)
    missing = {key: text for key, text in keyed if key not in found}
    if missing:
        vectors = workspace.model.embedder.embed_documents(list(missing.values()))
        workspace.vectors.put(list(missing), vectors, [owner for owner in owners if owner[0] in missing])
        found |= dict(zip(missing, vectors, strict=True))
        reach("sync.embedded")
    workspace.vectors.own(owner for owner in owners if owner[0] not in missing)
    return np.stack([found[key] for key in keys]), len(keys) - len(missing)


def _delete(workspace: Workspace, rows: pl.DataFrame, run_id: str) -> None:
    for batch in rows.iter_slices(_BATCH_ROWS * 4):
        chunk_ids = batch["chunk_id"].to_list()
        workspace.present.intend(workspace.index.collection(), [], chunk_ids)
        workspace.index.delete(chunk_ids)
        reach("sync.deleted")
        workspace.present.acknowledge(workspace.present.frame(()), chunk_ids, run_id)
