"""Asking a collection in Milvus for what is near a question: by its vector, or by its words where the collection has BM25."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.ports import VectorQuery
from vectorstore.collection import SPARSE
from vectorstore.connection import SECONDS
from vectorstore.filters import open_to
from vectorstore.rows import HIT_SCHEMA, ROW_SCHEMA

Vector = npt.NDArray[np.float32]


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
        output_fields=[*ROW_SCHEMA, *(["vector"] if query.by == "words" else [])],
        consistency_level="Strong",
        timeout=SECONDS,
    )[0]
    rows = [{**hit["entity"], "chunk_id": hit["chunk_id"], **_scores(hit, query)} for hit in found]
    return pl.DataFrame(rows, schema=HIT_SCHEMA).sort("score", "chunk_id", descending=[True, False])


def _by_vector(query: VectorQuery) -> tuple[str, Any, dict[str, Any]]:
    return "vector", query.vector.tolist(), {"metric_type": "COSINE", "params": {"ef": max(128, query.limit)}}


def _by_words(query: VectorQuery) -> tuple[str, Any, dict[str, Any]]:
    return SPARSE, query.text, {"metric_type": "BM25"}


def _scores(hit: Any, query: VectorQuery) -> dict[str, float]:
    if query.by == "vector":
        return {"score": hit["distance"], "cosine": hit["distance"]}
    # Milvus Lite gives BM25 with its sign turned, servers do not; it is never negative, and never 0 for a hit.
    return {"score": abs(hit["distance"]), "cosine": _cosine(np.asarray(hit["entity"]["vector"], dtype=np.float32), query.vector)}


def _cosine(one: Vector, other: Vector, /) -> float:
    """Of the angle between two vectors, neither of which is zero."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
