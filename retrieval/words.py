"""How much of a question's words passages have, whatever the analyzer of the store that found them."""

import re
import unicodedata

import polars as pl

from vectorstore.bm25 import bm25

_WORD = re.compile(r"\w+")
_BEGINNING = 6
"""Letters that tell one word from another. Endings go without a stemmer for each language: see `docs/decisions/0011-hybrid-search.md`."""


def score_words(question: str, texts: pl.Series, /) -> pl.Series:
    """BM25 of each text, in order, among these texts: how rare a word is does not depend on anything else in the index."""
    return pl.Series("words", bm25(_words(question), [_words(text) for text in texts]), dtype=pl.Float64)


def _words(text: str) -> list[str]:
    return [word[:_BEGINNING] for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold())]
