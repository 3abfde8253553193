"""The vector store's twin in memory: every row compared, the same filters and the same refusals. For tests and for a look at a few rows."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.ports import StoreState, VectorQuery, Vectors
from contracts.results import Forgotten
from vectorstore.bm25 import bm25
from vectorstore.rows import ROW_SCHEMA, check_ids, check_query, check_rows


@dataclass(slots=True)
class MemoryStore:
    """A VectorStore and a DerivedCopy that ends with the process. Without `words` it is as servers are that know vectors alone."""

    dimensions: int
    model: str
    _rows: dict[str, tuple[dict[str, object], Vectors]] = field(default_factory=dict)
    _collection: int = 0
    _holds_dead_rows: bool = False
    words: bool = True

    @property
    def name(self) -> str:
        return "index"

    def state(self) -> StoreState:
        return StoreState(self.collection(), len(self._rows))

    def collection(self) -> str:
        """What `state` names."""
        return f"memory_{self._collection}" if self._collection else ""

    def outdated(self) -> bool:
        """False: nothing here is older than the process."""
        return False

    def recreate(self) -> None:
        """An empty collection in place of this one."""
        self._rows.clear()
        self._collection, self._holds_dead_rows = self._collection + 1, False

    def upsert(self, rows: pl.DataFrame, vectors: Vectors, /) -> None:
        check_rows(rows, vectors, self.dimensions)
        self._collection = self._collection or 1
        for row, vector in zip(rows.select(list(ROW_SCHEMA)).to_dicts(), vectors, strict=True):
            self._holds_dead_rows |= row["chunk_id"] in self._rows
            self._rows[row["chunk_id"]] = (row, vector.copy())

    def delete(self, chunk_ids: Sequence[str], /) -> None:
        check_ids(chunk_ids)
        for chunk_id in chunk_ids:
            self._holds_dead_rows |= self._rows.pop(chunk_id, None) is not None

    def read(self, *, vectors: bool = False) -> Iterator[pl.DataFrame]:
        if self._rows:
            frame = self._frame()
            yield (
                frame.with_columns(vector=pl.Series([vector.tolist() for _, vector in self._rows.values()], dtype=pl.List(pl.Float32)))
                if vectors
                else frame
            )

    def search(self, query: VectorQuery, /) -> pl.DataFrame:
        check_query(query, self.dimensions)
        near = pl.Series("cosine", self._cosines(query.vector), dtype=pl.Float64)
        score = self._words_held(query.text) if query.by == "words" else near
        fresh = (pl.col("expires_at") == 0) | (pl.col("expires_at") > query.now)
        return (
            self._frame()
            .with_columns(score.alias("score"), near)
            .filter(pl.col("access_key").is_in(query.access_keys), fresh, (pl.col("score") > 0) | (query.by == "vector"))
            .sort("score", "chunk_id", descending=[True, False])
            .head(query.limit)
        )

    def knows_words(self) -> bool:
        """Whether rows can be searched by words."""
        return self.words

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        before = self.count(document_ids)
        self.delete([chunk_id for chunk_id, (row, _) in self._rows.items() if row["document_id"] in document_ids])
        return Forgotten(self.name, before, self.count(document_ids))

    def count(self, document_ids: Collection[str], /) -> int:
        check_ids(list(document_ids))
        return sum(row["document_id"] in document_ids for row, _ in self._rows.values())

    def purge(self) -> str:
        """`purged`: what left the dictionary is free. As a rewritten collection would, this one has a new name if any row left it."""
        self._collection, self._holds_dead_rows = self._collection + self._holds_dead_rows, False
        return "purged"

    def settle(self) -> None:
        """Nothing to index."""

    def close(self) -> None:
        """Nothing to release."""

    def _cosines(self, vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        matrix = np.array([held for _, held in self._rows.values()], dtype=np.float32).reshape(-1, self.dimensions)
        cosines: npt.NDArray[np.float32] = (matrix @ vector) / (np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector))
        return cosines

    def _words_held(self, text: str) -> pl.Series:
        texts = [str(row["text"]) for row, _ in self._rows.values()]
        return pl.Series(bm25(_words(text), [_words(held) for held in texts]) * self.words, dtype=pl.Float64)

    def _frame(self) -> pl.DataFrame:
        return pl.DataFrame([row for row, _ in self._rows.values()], schema=ROW_SCHEMA)


def _words(text: str) -> list[str]:
    """As the standard analyzer of Milvus Lite cuts a text."""
    return re.findall(r"\w+", text.lower())
