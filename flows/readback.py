"""What the index holds: as the ledger remembers it, or read back from the store where that is in doubt."""

import hashlib
from collections.abc import Collection

import numpy as np
import polars as pl

from contracts.ports import Vectors, VectorStore
from flows.workspace import Workspace


def present_rows(workspace: Workspace, run_id: str, /, document_ids: Collection[str] | None = None) -> pl.DataFrame:
    """chunk_id, document_id, row_hash of what the index holds, of all or of some documents: as remembered, or read back in doubt."""
    if not is_remembered(workspace):
        remember(workspace, run_id)
    return workspace.present.frame(document_ids)


def remember(workspace: Workspace, run_id: str, /) -> None:
    """What the index itself holds is what is remembered of it."""
    workspace.present.replace(read_back(workspace.index), workspace.index.collection(), run_id)


def is_remembered(workspace: Workspace, /) -> bool:
    """Whether the index is as it was left: no batch on its way, the same collection, as many rows."""
    present, state = workspace.present, workspace.index.state()
    return not present.open_intent() and (present.collection() or "") == state.collection and present.count() == state.rows


def read_back(store: VectorStore, /) -> pl.DataFrame:
    """chunk_id, document_id, row_hash, vector_digest of every row that a store holds."""
    batches = [
        batch.select("chunk_id", "document_id", "row_hash", vector_digest=pl.Series(digests(batch["vector"]), dtype=pl.String))
        for batch in store.read(vectors=True)
    ]
    schema = {name: pl.String for name in ("chunk_id", "document_id", "row_hash", "vector_digest")}
    return pl.concat(batches) if batches else pl.DataFrame(schema=schema)


def digests(vectors: pl.Series | Vectors, /) -> list[str]:
    """A short hash of each vector's bytes: tells a vector that was altered from the one that was written."""
    rows = np.asarray(vectors.to_list(), dtype="<f4") if isinstance(vectors, pl.Series) else np.ascontiguousarray(vectors, dtype="<f4")
    return [hashlib.sha256(row.tobytes()).hexdigest()[:32] for row in rows]
