"""langdetect's answers, bit for bit, for a third of the work: a word's letters are counted once, and languages are weighed as one array."""

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np
from langdetect import detector, detector_factory  # type: ignore[import-untyped]
from langdetect.utils.ngram import NGram  # type: ignore[import-untyped]
from numpy.typing import NDArray

KNOWN = "1.0.9"
"""The version whose steps these are; of another the detector is its own."""
_WORDS = 20_000
_CHECKED = 5
"""Grams between two looks at whether the answer is certain."""


def create_detector(seed: int, /) -> Any:
    """A detector that gives the same answer every time."""
    factory = _factory()
    made = (QuickDetector if version("langdetect") == KNOWN else detector.Detector)(factory)
    made.seed = seed
    return made


@cache
def _factory() -> Any:
    detector_factory.init_factory()
    return detector_factory._factory


class _Normal(dict[int, str]):
    """Each letter as the profiles have it, found once."""

    def __missing__(self, code: int) -> str:
        self[code] = NGram.normalize(chr(code))
        return self[code]


_NORMAL = _Normal()


class QuickDetector(detector.Detector):  # type: ignore[misc]
    """Two steps of the detector in other words."""

    def _extract_ngrams(self) -> list[str]:
        *words, last = self.text.translate(_NORMAL).split(" ")
        return [gram for word in [*(f"{word} " for word in words if word), last] for gram in _grams(word)]

    def _detect_block(self) -> None:
        self.cleaning_text()
        grams = self._extract_ngrams()
        if not grams:
            raise detector.LangDetectException(detector.ErrorCode.CantDetectError, "No features in text.")
        self.random.seed(self.seed)
        self.langprob = [0.0] * len(self.langlist)
        for _ in range(self.n_trial):
            trial = self._trial(grams)
            self.langprob = [said + one / self.n_trial for said, one in zip(self.langprob, trial, strict=True)]

    def _trial(self, grams: list[str]) -> list[float]:
        found: NDArray[np.float64] = np.array(self._init_probability())
        weight = (self.alpha + self.random.gauss(0.0, 1.0) * self.ALPHA_WIDTH) / self.BASE_FREQ
        drawn, draws = 0, 1
        while True:
            for gram in _draw(self.random.getrandbits, grams, draws):
                found *= _row(gram) + weight
            values = found.tolist()
            total = sum(values)
            found /= total
            if max(values) / total > self.CONV_THRESHOLD or drawn >= self.ITERATION_LIMIT:
                return list(found.tolist())
            drawn, draws = drawn + _CHECKED, _CHECKED


def _draw(bits: Callable[[int], int], grams: list[str], draws: int) -> Iterator[str]:
    """As `random.choice` draws them."""
    count, width = len(grams), len(grams).bit_length()
    for _ in range(draws):
        drawn = bits(width)
        while drawn >= count:
            drawn = bits(width)
        yield grams[drawn]


@lru_cache(_WORDS)
def _row(gram: str) -> NDArray[np.float64]:
    """How often each language has it."""
    return np.array(_factory().word_lang_prob_map[gram])


@lru_cache(_WORDS)
def _grams(word: str) -> list[str]:
    """One, two and three letters up to each letter of a word that the profiles know, its space before it and, if there is one, after it."""
    known = _factory().word_lang_prob_map
    return [gram for gram in _all_grams(f" {word}") if gram in known]


def _all_grams(word: str) -> Iterator[str]:
    """Not where the second of two capitals or a later one ends them: so no abbreviation counts."""
    shouted = False
    for end in range(1, len(word)):
        shouted = word[end].isupper() and (shouted or word[end - 1].isupper())
        if not shouted:
            if word[end] != " ":
                yield word[end]
            yield word[end - 1 : end + 1]
            if end > 1:
                yield word[end - 2 : end + 1]
