"""BM25: how much of what a question says a passage says too, rare words first."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

K1, B = 1.5, 0.75
"""How soon a repeated word stops counting, and how much a long passage is held against it."""


def bm25(question: Sequence[str], passages: Sequence[Sequence[str]], /) -> npt.NDArray[np.float64]:
    """A score of each passage, 0 where it has no word of the question; a word that the question repeats counts as often.

    Robertson, Zaragoza (2009), with Lucene's inverse document frequency, which is never negative: a word is rare among these passages.
    """
    asked = Counter(question)
    frequencies = _count(list(asked), passages)
    held = (frequencies > 0).sum(axis=0)
    rarity = np.log((len(passages) - held + 0.5) / (held + 0.5) + 1)
    lengths = np.array([len(passage) for passage in passages], dtype=np.float64)
    longer = lengths / (lengths.mean() or 1) if len(passages) else lengths
    saturated = frequencies * (K1 + 1) / (frequencies + K1 * (1 - B + B * longer[:, None]))
    scores: npt.NDArray[np.float64] = saturated @ (rarity * np.array(list(asked.values()), dtype=np.float64))
    return scores


def _count(words: Sequence[str], passages: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
    """How often each passage (row) has each word (column)."""
    columns = {word: column for column, word in enumerate(words)}
    counts = np.zeros((len(passages), len(words)))
    for row, passage in enumerate(passages):
        for word in passage:
            if (column := columns.get(word)) is not None:
                counts[row, column] += 1
    return counts
