"""What a row must be before a vector store takes it: the limits of Milvus, checked here because Milvus Lite does not."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from contracts.errors import ContractError
from contracts.ids import ID_PATTERN
from contracts.ports import VectorQuery, Vectors
from contracts.tables import IndexRow

ROW_SCHEMA: dict[str, pl.DataType] = {name: kind for name, kind in IndexRow.create_empty().schema.items() if name != "bucket"}
"""Columns of everything that a store gives back, in order."""
HIT_SCHEMA: dict[str, pl.DataType] = {**ROW_SCHEMA, "score": pl.Float64(), "cosine": pl.Float64()}
"""Columns of what a search finds: `score` tells what was searched by, `cosine` how near the row's vector is to the question's."""

STRING_BYTES = 65_535
"""Milvus measures a VARCHAR in UTF-8 bytes, Milvus Lite in characters: bytes are the stricter."""
LIST_ENTRIES = 4_096
HIT_LIMIT = 16_384

_STRINGS = tuple(name for name, kind in ROW_SCHEMA.items() if kind == pl.String)
_LISTS = tuple(name for name, kind in ROW_SCHEMA.items() if kind == pl.List)


class UnfitRowError(ContractError):
    """Names the chunk, the column and the limit. No row of the batch was written."""


class UnfitQueryError(ContractError):
    """A question that no store can answer as it is."""


def check_rows(rows: pl.DataFrame, vectors: Vectors, dimensions: int, /) -> None:
    """Nothing, if a store can hold these rows; otherwise UnfitRowError names the first that it cannot."""
    missing = [name for name in ROW_SCHEMA if name not in rows.columns]
    if missing:
        raise UnfitRowError(f"index: column {missing[0]!r} is missing from the rows to write, contract IndexRow wants it.")
    _check_vectors(rows["chunk_id"], vectors, dimensions)
    misfit = find_misfits(rows).head(1)
    if misfit.height:
        chunk, problem = misfit.row(0)
        raise UnfitRowError(f"index: chunk {chunk}: {problem}. Cut it smaller, or quarantine its document.")
    if rows["chunk_id"].n_unique() != rows.height:
        twice = rows.filter(pl.col("chunk_id").is_duplicated())["chunk_id"][0]
        raise UnfitRowError(f"index: chunk {twice} stands twice in one batch; contract IndexRow wants it once.")


def find_misfits(rows: pl.DataFrame, /) -> pl.DataFrame:
    """`chunk_id` and `problem` of every row that breaks a limit of the store, one line a row: a caller can set them aside."""
    problems = [
        *(pl.when(pl.col(name).is_null()).then(pl.lit(f"column {name!r} is null, and the store holds no nulls")) for name in ROW_SCHEMA),
        *(
            pl.when(pl.col(name).str.len_bytes() > STRING_BYTES).then(
                pl.format(f"column {name!r} has {{}} bytes of UTF-8, the store holds {STRING_BYTES}", pl.col(name).str.len_bytes())
            )
            for name in _STRINGS
        ),
        *(
            pl.when(pl.col(name).list.len() > LIST_ENTRIES).then(
                pl.format(f"column {name!r} has {{}} entries, the store holds {LIST_ENTRIES}", pl.col(name).list.len())
            )
            for name in _LISTS
        ),
    ]
    return rows.select("chunk_id", problem=pl.coalesce(problems)).filter(pl.col("problem").is_not_null())


def check_ids(ids: Sequence[str], /) -> None:
    """Nothing, if all are ids: what reaches a filter is opaque, so no name can leak into a server's log, and no quote can end a literal."""
    wrong = pl.Series("id", list(ids), dtype=pl.String).str.contains(ID_PATTERN).not_()
    if wrong.any():
        raise UnfitQueryError(
            f"index: {wrong.sum()} of {len(ids)} ids are not 32 hexadecimal digits; only ids of contracts.ids may be asked for."
        )


def check_query(query: VectorQuery, dimensions: int, /) -> None:
    """Nothing, if the question can be asked. An empty list of access keys never means "everything"."""
    if not query.access_keys:
        raise UnfitQueryError("index: a search without access keys may see nothing; it must be refused before it is asked.")
    check_ids(query.access_keys)
    if not 1 <= query.limit <= HIT_LIMIT:
        raise UnfitQueryError(f"index: a search may ask for 1 to {HIT_LIMIT} hits, not {query.limit}.")
    if query.vector.shape != (dimensions,):
        raise UnfitQueryError(
            f"index: the question's vector has shape {query.vector.shape}, the index wants ({dimensions},). Is it the same model?"
        )
    if query.by == "words" and not query.text.strip():
        raise UnfitQueryError("index: a search by words without a word finds nothing; it must be refused before it is asked.")
    if not np.isfinite(query.vector).all() or not query.vector.any():
        raise UnfitQueryError("index: the question's vector is zero or not finite, so nothing is near it. Is the question empty?")


def _check_vectors(chunk_ids: pl.Series, vectors: Vectors, dimensions: int, /) -> None:
    if vectors.shape != (len(chunk_ids), dimensions):
        wanted = (len(chunk_ids), dimensions)
        raise UnfitRowError(f"index: {len(chunk_ids)} rows with vectors of shape {vectors.shape}, not {wanted}. Is it the same model?")
    infinite = ~np.isfinite(vectors).all(axis=1)
    if infinite.any():
        raise UnfitRowError(
            f"index: the vector of chunk {chunk_ids[int(infinite.argmax())]} is not finite (NaN or infinity). Embed it again."
        )
    zero = ~vectors.any(axis=1)
    if zero.any():
        raise UnfitRowError(
            f"index: the vector of chunk {chunk_ids[int(zero.argmax())]} is zero, so nothing could be near it. Embed it again."
        )
