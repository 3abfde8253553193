"""What no golden question asks about, and what no search ever found."""

from collections.abc import Collection

import polars as pl


def uncovered(rows: pl.DataFrame, expected: Collection[str], /) -> pl.DataFrame:
    """document_id, source_id, uri and chunks of every document in the index that no question expects; those with most chunks first.

    `rows` are those of the index, `expected` ids of documents.
    """
    others = rows.filter(~pl.col("document_id").is_in(list(expected)))
    counted = others.group_by("document_id").agg(pl.col("source_id", "uri").first(), chunks=pl.len())
    return counted.sort("chunks", "uri", "document_id", descending=[True, False, False])


def never_found(rows: pl.DataFrame, shown: Collection[str], /) -> pl.DataFrame:
    """chunk_id, document_id, uri and heading_path of every row of the index that is not among the ids shown; by place in the document."""
    never = rows.filter(~pl.col("chunk_id").is_in(list(shown)))
    return never.sort("uri", "document_id", "char_start").select("chunk_id", "document_id", "uri", "heading_path")
