"""One order of what meaning found and what words found."""

import polars as pl

from configs.settings import RetrievalSettings
from retrieval.words import score_words

_RANK_CONSTANT = 10
"""Of the reciprocal ranks: 1 / (constant + rank)."""
_ERROR = 1e-9


def fuse(question: str, candidates: pl.DataFrame, how: RetrievalSettings, /) -> pl.DataFrame:
    """The candidates with `score` in place of `cosine`, best first, equals by id. All are scored by both, whichever found them.

    A score depends on the candidates alone, so on nothing that its reader may not see.
    """
    scored = candidates.with_columns(words=score_words(question, candidates["text"]))
    part = _stretched if how.fusion == "scores" else _reciprocal
    score = how.meaning_weight * part("cosine") + (1 - how.meaning_weight) * part("words")
    return scored.with_columns(score=score).drop("cosine", "words").sort("score", "chunk_id", descending=[True, False])


def _stretched(name: str) -> pl.Expr:
    """From 0 for the least to 1 for the most; 0 for all where they differ by less than their own error: it would be stretched too."""
    least, most = pl.col(name).min(), pl.col(name).max()
    return pl.when(most - least > _ERROR).then((pl.col(name) - least) / (most - least)).otherwise(0.0)


def _reciprocal(name: str) -> pl.Expr:
    return 1 / (_RANK_CONSTANT + pl.col(name).rank("min", descending=True))
