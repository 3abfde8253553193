"""Rows taken out of the collection that answers."""

from collections.abc import Collection

import polars as pl

from configs.faults import reach
from flows.decide import Decision
from flows.readback import present_rows
from flows.workspace import Workspace
from ledger.database import batches

_BATCH_ROWS = 1_024
_DOCUMENTS_AT_ONCE = 2_000
_TERMS = ["access_key", "classification", "lawful_basis", "consent_state", "expires_at", "subject_keys"]


def delete_rows(workspace: Workspace, rows: pl.DataFrame, run_id: str, /) -> None:
    """These rows (chunk_id, and whatever else) are neither in the index nor remembered as if they were."""
    for batch in rows.iter_slices(_BATCH_ROWS):
        chunk_ids = batch["chunk_id"].to_list()
        workspace.present.intend(workspace.index.collection(), [], chunk_ids)
        workspace.index.delete(chunk_ids)
        reach("sync.deleted")
        workspace.present.acknowledge(workspace.present.frame(()), chunk_ids, run_id)


def forget_beside(workspace: Workspace, rows: pl.DataFrame, /) -> None:
    """What is being built and what was replaced hold nothing of the documents of these rows, which leave what answers next."""
    for documents in batches(rows["document_id"].unique().sort(), _DOCUMENTS_AT_ONCE):
        workspace.index.forget_beside(documents)


def withdraw(workspace: Workspace, decision: Decision, run_id: str, /, *, also: Collection[str] = ()) -> int:
    """How many rows went of an index of another model: of documents that are not wanted, not under those terms, or named by `also`.

    Nothing can be written to it. So a document whose terms changed, to stricter or to wider ones, is not found until its successor answers;
    one whose text changed is served as it was.
    """
    remembered = present_rows(workspace, run_id)
    if remembered.is_empty():
        return 0
    held = pl.concat([batch.select("chunk_id", "document_id", *_terms()) for batch in workspace.index.read()])
    wanted = decision.wanted.select("chunk_id").join(
        workspace.lake.rows.read(columns=["chunk_id", "document_id", *_TERMS]), on="chunk_id", maintain_order="left"
    )
    same = wanted.select("document_id", *_terms()).unique()
    gone = held.join(same, on=same.columns, how="anti").vstack(held.filter(pl.col("document_id").is_in(list(also)))).unique("chunk_id")
    forget_beside(workspace, gone.join(decision.wanted, on="document_id", how="anti"))
    delete_rows(workspace, gone, run_id)
    return gone.height


def _terms() -> list[pl.Expr]:
    return [*(pl.col(name) for name in _TERMS[:-1]), pl.col("subject_keys").list.sort().list.join(",")]
