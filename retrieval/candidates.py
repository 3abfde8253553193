"""What may answer a question: what is near to it in meaning, and what has its words."""

from dataclasses import replace

import polars as pl

from contracts.ports import VectorQuery
from retrieval.ports import Index


def find_candidates(index: Index, query: VectorQuery, /, *, hybrid: bool) -> tuple[pl.DataFrame, bool]:
    """(rows, exhausted): each row once with its `cosine`, the nearest in meaning first, then those that only words found.

    The same filter holds for both searches. `exhausted`: asking deeper would find no more.
    """
    near = index.search(query).drop("score")
    if not hybrid or not index.knows_words():
        return near, near.height < query.limit
    said = index.search(replace(query, by="words")).drop("score")
    more = said.join(near.select("chunk_id"), on="chunk_id", how="anti", maintain_order="left")
    return pl.concat([near, more]), near.height < query.limit
