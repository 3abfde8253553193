"""The heart of ragkeep: what has to change so that the index becomes what is wanted, as a value."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Changes:
    """Three steps in this order: what nobody may see any more goes first, what is new comes, what it replaces goes last."""

    withdrawals: pl.DataFrame
    """chunk_id, document_id of rows whose whole document is no longer wanted."""
    upserts: pl.DataFrame
    """chunk_id, document_id, row_hash of wanted rows that are absent or say something else."""
    leftovers: pl.DataFrame
    """chunk_id, document_id of rows that a document no longer has; served until its new rows are complete."""

    @property
    def deletes(self) -> int:
        return self.withdrawals.height + self.leftovers.height


def diff(wanted: pl.DataFrame, present: pl.DataFrame, /) -> Changes:
    """The difference of two frames of (chunk_id, document_id, row_hash), each step sorted by document.

    Applied to `present`, it gives `wanted`, whatever the two are; of equal frames it is empty.
    """
    same = ["chunk_id", "row_hash"]
    upserts = wanted.join(present, on=same, how="anti")
    gone = present.join(wanted, on="chunk_id", how="anti").select("chunk_id", "document_id")
    return Changes(
        withdrawals=gone.join(wanted, on="document_id", how="anti").sort("document_id", "chunk_id"),
        upserts=upserts.select("chunk_id", "document_id", "row_hash").sort("document_id", "chunk_id"),
        leftovers=gone.join(wanted, on="document_id", how="semi").sort("document_id", "chunk_id"),
    )
