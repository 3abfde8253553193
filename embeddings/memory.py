"""Twins of the tokenizer and of the model that need no weights: words instead of tokens, hashed words instead of meaning."""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contracts.errors import ContractError, UsageError
from contracts.ports import ModelIdentity, Vectors

_WORD = re.compile(r"\w+|[^\w\s]")


class WordTokenizer:
    """A token is a word or a punctuation mark."""

    def __init__(self, window: int = 64, /) -> None:
        self.window = window
        self.identity = "words"

    def spans(self, texts: Sequence[str], /) -> list[list[tuple[int, int]]]:
        """Character spans of each text's words, in order."""
        return [[found.span() for found in _WORD.finditer(text)] for text in texts]

    def count(self, texts: Sequence[str], /) -> list[int]:
        """How many words each text has."""
        return [len(spans) for spans in self.spans(texts)]


class HashEmbedder:
    """A bag of words: each word, its case folded, adds ±1 to one dimension. Texts that share words are near each other."""

    def __init__(self, dimensions: int = 64, window: int = 64, /) -> None:
        self._tokenizer = WordTokenizer(window)
        self.identity = ModelIdentity(
            weights_sha256=hashlib.sha256(b"hashed words").hexdigest(),
            backend="hash",
            dtype="float32",
            dimensions=dimensions,
            window=window,
            prompt_document="",
            prompt_query="",
            normalised=True,
        )

    def embed_documents(self, texts: Sequence[str], /) -> Vectors:
        """One unit vector per text, in order. Raises ContractError on a text longer than the window."""
        for place, length in enumerate(self._tokenizer.count(texts)):
            if length > self.identity.window:
                raise ContractError(f"text {place} of {len(texts)}: {length} tokens, the model reads {self.identity.window}")
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(len(texts), self.identity.dimensions)

    def embed_query(self, text: str, /) -> npt.NDArray[np.float32]:
        """The unit vector of a question. Raises UsageError on one longer than the window."""
        length = self._tokenizer.count([text])[0]
        if length > self.identity.window:
            raise UsageError(f"the question has {length} tokens, the model reads {self.identity.window}. Shorten it")
        return self._vector(text)

    def _vector(self, text: str) -> npt.NDArray[np.float32]:
        vector = np.zeros(self.identity.dimensions)
        vector[0] = 1e-3  # a text without words, or whose words cancel out, still has a direction
        for word in _WORD.findall(text.casefold()):
            hashed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
            vector[hashed % len(vector)] += 1 if hashed >> 63 else -1
        if not vector.any():
            vector[0] = 1.0
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)
