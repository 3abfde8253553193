"""The vector store's twin in memory: every row compared, the same filters and the same refusals. For tests and for a look at a few rows."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.errors import ModelMoved
from contracts.ports import StoreState, VectorQuery, Vectors
from contracts.results import Forgotten
from vectorstore.bm25 import bm25
from vectorstore.rows import ROW_SCHEMA, check_ids, check_query, check_rows


@dataclass(slots=True)
class _Rows:
    """One collection."""

    name: str
    model: str
    rows: dict[str, tuple[dict[str, object], Vectors]] = field(default_factory=dict)
    holds_dead: bool = False


@dataclass(slots=True)
class MemoryStore:
    """A VectorStore and a DerivedCopy that ends with the process. Without `words` it is as servers are that know vectors alone."""

    dimensions: int
    model: str
    words: bool = True
    generation: str = ""
    _held: dict[str, _Rows] = field(default_factory=dict)
    """By generation, as Milvus has them: "" answers, `_next` is being built, `_before` was replaced."""
    _names: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def name(self) -> str:
        return "index"

    def state(self) -> StoreState:
        return StoreState(self.collection(), len(self._rows))

    def collection(self) -> str:
        """What `state` names."""
        held = self._held.get(self.generation)
        return held.name if held else ""

    def made_for(self) -> str:
        """The model whose vectors are in the collection."""
        held = self._held.get(self.generation)
        return held.model if held else ""

    def outdated(self) -> bool:
        """Whether it was made for another model."""
        return self.made_for() not in ("", self.model)

    def recreate(self) -> None:
        """An empty collection in place of this one."""
        self._held[self.generation] = self._empty()

    def beside(self) -> "MemoryStore":
        """As Milvus: what was begun for this model, else what was replaced, else empty."""
        begun = self._held.get("_next")
        if begun is None or begun.model != self.model:
            replaced = self._held.get("_before")
            again = replaced is not None and replaced.model == self.model
            self._held["_next"] = self._held.pop("_before") if again else self._empty()
        return replace(self, generation="_next")

    def promote(self) -> None:
        """What was built beside answers from now on. Raises LookupError where nothing was."""
        if "_next" not in self._held:
            raise LookupError("nothing was built beside the collection that answers: call `beside` first")
        if "" in self._held:
            self._held["_before"] = self._held[""]
        self._held[""] = self._held.pop("_next")

    def drop(self, generation: Literal["_next", "_before"], /) -> None:
        """What is being built, or what was replaced, goes."""
        self._held.pop(generation, None)

    def upsert(self, rows: pl.DataFrame, vectors: Vectors, /) -> None:
        check_rows(rows, vectors, self.dimensions)
        held = self._held.setdefault(self.generation, self._empty())
        for row, vector in zip(rows.select(list(ROW_SCHEMA)).to_dicts(), vectors, strict=True):
            held.holds_dead |= row["chunk_id"] in held.rows
            held.rows[row["chunk_id"]] = (row, vector.copy())

    def delete(self, chunk_ids: Sequence[str], /) -> None:
        check_ids(chunk_ids)
        if held := self._held.get(self.generation):
            _remove(held, chunk_ids)

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
        if self.made_for() not in ("", query.model or self.model):
            raise ModelMoved("memory: the collection holds vectors of another model than the question's. Ask again.")
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
        self.forget_beside(document_ids)
        if "" in self._held:
            _forget(self._held[""], document_ids)
        return Forgotten(self.name, before, self.count(document_ids))

    def forget_beside(self, document_ids: Collection[str], /) -> None:
        """What is being built and what is kept hold no row of these documents; what answers is left alone."""
        for generation, held in self._held.items():
            if generation:
                _forget(held, document_ids)

    def count(self, document_ids: Collection[str], /) -> int:
        check_ids(list(document_ids))
        return sum(row["document_id"] in document_ids for held in self._held.values() for row, _ in held.rows.values())

    def purge(self) -> str:
        """`purged`: what left a dictionary is free. As a rewritten collection would, one that rows have left gets a new name."""
        for held in self._held.values():
            if held.holds_dead:
                held.name, held.holds_dead = self._new_name(), False
        return "purged"

    def settle(self) -> None:
        """Nothing to index."""

    def close(self) -> None:
        """Nothing to release."""

    @property
    def _rows(self) -> dict[str, tuple[dict[str, object], Vectors]]:
        held = self._held.get(self.generation)
        return held.rows if held else {}

    def _empty(self) -> _Rows:
        return _Rows(self._new_name(), self.model)

    def _new_name(self) -> str:
        return f"memory_{next(self._names)}"

    def _cosines(self, vector: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        matrix = np.array([held for _, held in self._rows.values()], dtype=np.float32).reshape(-1, self.dimensions)
        cosines: npt.NDArray[np.float32] = (matrix @ vector) / (np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector))
        return cosines

    def _words_held(self, text: str) -> pl.Series:
        texts = [str(row["text"]) for row, _ in self._rows.values()]
        return pl.Series(bm25(_words(text), [_words(held) for held in texts]) * self.words, dtype=pl.Float64)

    def _frame(self) -> pl.DataFrame:
        return pl.DataFrame([row for row, _ in self._rows.values()], schema=ROW_SCHEMA)


def _remove(held: _Rows, chunk_ids: Sequence[str]) -> None:
    for chunk_id in chunk_ids:
        held.holds_dead |= held.rows.pop(chunk_id, None) is not None


def _forget(held: _Rows, document_ids: Collection[str]) -> None:
    _remove(held, [chunk_id for chunk_id, (row, _) in held.rows.items() if row["document_id"] in document_ids])


def _words(text: str) -> list[str]:
    """As the standard analyzer of Milvus Lite cuts a text."""
    return re.findall(r"\w+", text.lower())
