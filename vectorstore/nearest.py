"""Asking a collection in Milvus for what is near a question: by its vector, and by its words where the collection has BM25."""

from typing import Any

import polars as pl

from contracts.ports import VectorQuery
from vectorstore.collection import SPARSE
from vectorstore.connection import SECONDS
from vectorstore.filters import open_to
from vectorstore.rows import HIT_LIMIT, ROW_SCHEMA

_RRF_K = 60
"""Cormack, Clarke, Büttcher (2009), reciprocal rank fusion."""
_DEPTH = 4
"""Each of two rankings is followed this many times deeper than the answer, so that what both know a little can win."""


def find_nearest(client: Any, alias: str, query: VectorQuery, /, *, bm25: bool) -> pl.DataFrame:
    """Best first. The score is the cosine or, with BM25, the sum of reciprocal ranks; equal scores are ordered by id."""
    ask = _by_both if bm25 and query.hybrid and query.text.strip() else _by_vector
    found = ask(client, alias, query, open_to(query.access_keys, query.now))[0]
    rows = [{**hit["entity"], "chunk_id": hit["chunk_id"], "score": hit["distance"]} for hit in found]
    return pl.DataFrame(rows, schema={**ROW_SCHEMA, "score": pl.Float64()}).sort("score", "chunk_id", descending=[True, False])


def _by_vector(client: Any, alias: str, query: VectorQuery, condition: str, /) -> Any:
    return client.search(
        alias,
        data=[query.vector.tolist()],
        anns_field="vector",
        filter=condition,
        limit=query.limit,
        search_params=_nearest(query.limit),
        output_fields=list(ROW_SCHEMA),
        consistency_level="Strong",
        timeout=SECONDS,
    )


def _by_both(client: Any, alias: str, query: VectorQuery, condition: str, /) -> Any:
    from pymilvus import AnnSearchRequest, RRFRanker  # type: ignore[import-untyped]

    depth = min(HIT_LIMIT, _DEPTH * query.limit)
    return client.hybrid_search(
        alias,
        reqs=[
            AnnSearchRequest([query.vector.tolist()], "vector", _nearest(depth), depth, expr=condition),
            AnnSearchRequest([query.text], SPARSE, {"metric_type": "BM25"}, depth, expr=condition),
        ],
        ranker=RRFRanker(_RRF_K),
        limit=query.limit,
        output_fields=list(ROW_SCHEMA),
        consistency_level="Strong",
        timeout=SECONDS,
    )


def _nearest(limit: int, /) -> dict[str, Any]:
    return {"metric_type": "COSINE", "params": {"ef": max(128, limit)}}
