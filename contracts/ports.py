"""The seams: a Protocol of at most five methods each, with an in-memory twin or fake beside its real adapter."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.results import Failure, Forgotten

Vectors = npt.NDArray[np.float32]
"""Shape (rows, dimensions), finite, of unit length."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One document as its source lists it, not yet read."""

    uri: str
    size: int
    stat: str
    """Changes whenever the bytes may have changed."""
    modified_at: datetime
    """Chooses a backfill's window; nothing else may depend on it."""
    terms: dict[str, Any]
    """Stated for this document alone, already validated as Terms."""
    problem: Failure | None = None
    """Why those terms cannot be read."""


class Source(Protocol):
    """Where documents come from. `list` is complete or raises StoreUnavailable: a partial listing would look like deletions."""

    @property
    def name(self) -> str: ...
    def list(self) -> Iterator[Listed]: ...
    def read(self, uri: str, /) -> bytes: ...


class Tokenizer(Protocol):
    """The embedding model's own tokens, without loading the model."""

    @property
    def window(self) -> int:
        """Tokens the model reads of a text, its special tokens and the prompt taken off."""
        ...

    def spans(self, texts: Sequence[str], /) -> list[list[tuple[int, int]]]:
        """Character spans of each text's tokens, in order, without special tokens."""
        ...

    def count(self, texts: Sequence[str], /) -> list[int]:
        """How many tokens each text has: as many as spans, found faster."""
        ...


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What makes two vectors comparable. Any difference here is another model."""

    weights_sha256: str
    backend: str
    dtype: str
    dimensions: int
    window: int
    prompt_document: str
    prompt_query: str
    normalised: bool


class Embedder(Protocol):
    """Turns texts into vectors of unit length, in the order given."""

    @property
    def identity(self) -> ModelIdentity: ...
    def embed_documents(self, texts: Sequence[str], /) -> Vectors: ...
    def embed_query(self, text: str, /) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True)
class StoreState:
    """What identifies a collection and how many rows it holds, read with strong consistency."""

    collection: str
    """Changes whenever the collection behind the alias is another one."""
    rows: int


class VectorStore(Protocol):
    """A collection behind an alias. Frames are IndexRow; reads are strongly consistent."""

    def state(self) -> StoreState: ...
    def upsert(self, rows: pl.DataFrame, vectors: Vectors, /) -> None: ...
    def delete(self, chunk_ids: Sequence[str], /) -> None: ...
    def read(self, *, vectors: bool = False) -> Iterator[pl.DataFrame]:
        """Every row in batches, as IndexRow without `bucket`, with a `vector` column if asked."""
        ...

    def search(self, query: "VectorQuery", /) -> pl.DataFrame:
        """Best first: IndexRow's columns without `bucket`, `score` (higher is better) and `cosine`, that of the two vectors."""
        ...


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """A question with what its reader may open. An empty `access_keys` is refused by retrieval before it gets here."""

    vector: npt.NDArray[np.float32]
    text: str
    access_keys: tuple[str, ...]
    now: int
    """Seconds since 1970; rows whose `expires_at` is not after it do not match."""
    limit: int
    by: Literal["vector", "words"] = "vector"
    """By meaning, or by the words of `text` (BM25), where the store knows them: rows without any of them are no hits."""
    model: str = ""
    """Fingerprint of the model that made `vector`, "" for the store's own: a collection of another one raises ModelMoved."""


class DerivedCopy(Protocol):
    """Anything that holds something derived from documents. Erasure walks the list of all of them."""

    @property
    def name(self) -> str: ...
    def forget(self, document_ids: Collection[str], /) -> Forgotten: ...
    def count(self, document_ids: Collection[str], /) -> int: ...
    def purge(self) -> str:
        """Free the bytes of what was forgotten; answers `purged` or `pending`."""
        ...


class Notifier(Protocol):
    """Tells people. `fields` hold counts, names and ids, never content."""

    def notify(self, event: str, /, **fields: Any) -> None: ...


class Progress(Protocol):
    """A bar in a terminal, nothing elsewhere."""

    def advance(self, stage: str, done: int, total: int, /) -> None: ...
