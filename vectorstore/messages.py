"""Rows on their way to Milvus and back: messages that are small enough, and pages of what is held."""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from contracts.errors import StoreUnavailable
from contracts.ports import Vectors
from vectorstore.connection import SECONDS, is_too_large, speaking
from vectorstore.filters import literal
from vectorstore.rows import ROW_SCHEMA

BATCH_ROWS = 1_000
_BATCH_BYTES = 16_000_000
"""Of one message; 40 MB passed and 70 MB was refused."""
_PAGE_BYTES = 24_000_000
_ROW_BYTES = 3_000
"""What a row without its vector usually comes to."""
_PAGE_ROWS = 8_000
"""Milvus Lite looks at every row for every page: 20,000 rows in pages of 2,000 took 2.6 times the time of pages of 8,000."""


def to_messages(rows: pl.DataFrame, vectors: Vectors, /) -> Iterator[list[dict[str, Any]]]:
    """All rows in order, each with its vector, in lists of which each fits into one message."""
    for start, end in spans(rows, vectors.shape[1]):
        entities = rows[start:end].select(list(ROW_SCHEMA)).to_dicts()
        for entity, vector in zip(entities, vectors[start:end], strict=True):
            entity["vector"] = vector
        yield entities


def spans(rows: pl.DataFrame, dimensions: int, /) -> Iterator[tuple[int, int]]:
    """Start and end of runs of rows that fit into one message each."""
    size = pl.sum_horizontal(
        *(pl.col(name).str.len_bytes() for name, kind in ROW_SCHEMA.items() if kind == pl.String),
        *(pl.col(name).list.eval(pl.element().str.len_bytes()).list.sum() for name, kind in ROW_SCHEMA.items() if kind == pl.List),
    )
    start, total = 0, 0
    for row, bytes_ in enumerate(rows.select(size=size.cast(pl.Int64) + 4 * dimensions + 256)["size"]):
        if row > start and (row - start == BATCH_ROWS or total + bytes_ > _BATCH_BYTES):
            yield start, row
            start, total = row, 0
        total += bytes_
    if rows.height:
        yield start, rows.height


def read_pages(client: Any, uri: str, name: str, dimensions: int, /) -> Iterator[pl.DataFrame]:
    """Every row of a collection or an alias in pages, ordered by id; with its `vector` unless `dimensions` is 0.

    How large a row is shows only when it is read: where a page is more than one message of the server may hold, they become smaller.
    """
    schema = {**ROW_SCHEMA, "vector": pl.List(pl.Float32)} if dimensions else ROW_SCHEMA
    rows, after = min(_PAGE_ROWS, _PAGE_BYTES // (4 * dimensions + _ROW_BYTES)), ""
    while True:
        try:
            for page in _pages(client, uri, name, list(schema), after, rows):
                yield pl.DataFrame(page, schema=schema).select(list(schema))
                after = page[-1]["chunk_id"]
        except StoreUnavailable as error:
            if rows == 1 or not is_too_large(error.__cause__):
                raise
            rows = max(1, rows // 4)
        else:
            return


def _pages(client: Any, uri: str, name: str, columns: list[str], after: str, rows: int) -> Iterator[list[dict[str, Any]]]:
    condition = f"chunk_id > {literal(after)}" if after else ""
    with speaking(uri, "reading rows"):
        pages = client.query_iterator(
            name, filter=condition, batch_size=rows, output_fields=columns, consistency_level="Strong", timeout=SECONDS
        )
    try:
        while page := _next(pages, uri):
            yield page
    finally:
        pages.close()


def _next(pages: Any, uri: str) -> list[dict[str, Any]]:
    with speaking(uri, "reading rows"):
        return [dict(row) for row in pages.next()]


def count_rows(client: Any, name: str, condition: str, /) -> int:
    """How many rows of a collection a condition holds for, strongly consistent; every row where there is none."""
    found = client.query(name, filter=condition, output_fields=["count(*)"], consistency_level="Strong", timeout=SECONDS)
    return int(found[0]["count(*)"])


def slices(ids: Sequence[str], /) -> Iterator[Sequence[str]]:
    """The ids, as many at a time as a message may name."""
    for start in range(0, len(ids), BATCH_ROWS):
        yield ids[start : start + BATCH_ROWS]
