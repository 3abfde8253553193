"""The embedding model of a workspace, known without loading it, loaded when the first text needs it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from configs.settings import ModelSettings
from contracts.ports import Embedder, ModelIdentity, Tokenizer, Vectors
from embeddings.describe import ModelFolder, describe
from embeddings.identify import digest, identify, model_fingerprint
from embeddings.locate import locate
from embeddings.tokenizer import ModelTokenizer
from ledger.models import Models


class Model(Protocol):
    """An embedding model and its tokenizer."""

    @property
    def name(self) -> str:
        """As the settings call it."""
        ...

    @property
    def tokenizer(self) -> Tokenizer: ...
    @property
    def tokenizer_identity(self) -> str: ...
    @property
    def identity(self) -> ModelIdentity: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def embedder(self) -> Embedder: ...


@dataclass
class MemoryModel:
    """The twin: any tokenizer and embedder. Remembers what it embedded."""

    tokenizer: Tokenizer
    tokenizer_identity: str
    inner: Embedder
    texts: list[str] = field(default_factory=list)
    name: str = "twin"

    @property
    def identity(self) -> ModelIdentity:
        return self.inner.identity

    @property
    def fingerprint(self) -> str:
        return model_fingerprint(self.identity)

    @property
    def embedder(self) -> Embedder:
        return self

    def embed_documents(self, texts: Sequence[str], /) -> Vectors:
        """What `inner` gives."""
        self.texts.extend(texts)
        return self.inner.embed_documents(texts)

    def embed_query(self, text: str, /) -> npt.NDArray[np.float32]:
        """What `inner` gives."""
        return self.inner.embed_query(text)


@dataclass(frozen=True)
class LocalModel:
    """A model on disk. Each property is computed once, and costs only what it must."""

    how: ModelSettings
    base: Path
    known: Models

    @property
    def name(self) -> str:
        return self.how.name

    @cached_property
    def folder(self) -> ModelFolder:
        return describe(locate(self.how.name, relative_to=self.base), self.how)

    @cached_property
    def tokenizer(self) -> ModelTokenizer:
        return ModelTokenizer(self.folder)

    @cached_property
    def tokenizer_identity(self) -> str:
        """A hash of the tokenizer's file, read without loading it."""
        return digest(self.folder.tokenizer)

    @cached_property
    def identity(self) -> ModelIdentity:
        return identify(self.folder, digest_of=self._digest)

    @property
    def fingerprint(self) -> str:
        return model_fingerprint(self.identity)

    @cached_property
    def embedder(self) -> Embedder:
        """The loaded model: this is what imports torch."""
        from embeddings.model import SentenceEmbedder

        return SentenceEmbedder(self.folder, self.identity, batch_tokens=self.how.batch_tokens)

    def _digest(self, weights: Path) -> str:
        stat = weights.stat()
        known = self.known.get(str(weights), stat.st_size, stat.st_mtime_ns)
        if known is None:
            known = digest(weights)
            self.known.put(str(weights), stat.st_size, stat.st_mtime_ns, known)
        return known
