"""Asking a collection in Milvus for what is near a question: by its vector, or by its words where the collection has BM25."""

from typing import Any

import polars as pl

from contracts.ports import VectorQuery
from vectorstore.collection import SPARSE
from vectorstore.connection import SECONDS
from vectorstore.filters import open_to
from vectorstore.rows import HIT_SCHEMA, ROW_SCHEMA


def find_nearest(client: Any, alias: str, query: VectorQuery, /) -> pl.DataFrame:
    """Best first. The score is the cosine, or BM25's; equal scores are ordered by id.

    Milvus Lite counts how rare a word is within each of its files, so scores by words of rows in different files hardly compare.
    """
    field, asked, how = _by_words(query) if query.by == "words" else _by_vector(query)
    found = client.search(
        alias,
        data=[asked],
        anns_field=field,
        filter=open_to(query.access_keys, query.now),
        limit=query.limit,
        search_params=how,
        output_fields=list(ROW_SCHEMA),
        consistency_level="Strong",
        timeout=SECONDS,
    )[0]
    # Milvus Lite gives BM25 with its sign turned, servers do not; it is never negative, and never 0 for a hit.
    sign = abs if query.by == "words" else float
    rows = [{**hit["entity"], "chunk_id": hit["chunk_id"], "score": sign(hit["distance"])} for hit in found]
    return pl.DataFrame(rows, schema=HIT_SCHEMA).sort("score", "chunk_id", descending=[True, False])


def _by_vector(query: VectorQuery) -> tuple[str, Any, dict[str, Any]]:
    return "vector", query.vector.tolist(), {"metric_type": "COSINE", "params": {"ef": max(128, query.limit)}}


def _by_words(query: VectorQuery) -> tuple[str, Any, dict[str, Any]]:
    return SPARSE, query.text, {"metric_type": "BM25"}
