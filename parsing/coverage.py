"""How much of what is in a file came out of it."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

_WORD = re.compile(r"[^\W_]+")
_ALONE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
"""Letters of scripts that put no space between words."""
_GRAM = 4
_CERTAIN = 0.99


def coverage(found: Iterable[str], expected: str, /) -> float | None:
    """Characters of the expected words that were found, over all of them, each word as often as it is expected; from 0 to 1.

    Of two counts the higher: by words, and, where that is not nearly all, by runs of four letters and digits across spaces, since two
    readers of a page may disagree about where a word ends. None where nothing is expected.
    """
    said, wanted = _fold("\n".join(found)), _fold(expected)
    by_words = _share(Counter(_words(said)), Counter(_words(wanted)))
    if by_words is None or by_words >= _CERTAIN:
        return by_words
    by_runs = _share(Counter(_runs(said)), Counter(_runs(wanted)))
    return by_words if by_runs is None else max(by_words, by_runs)


def missing_lines(found: Iterable[str], expected: str, /) -> list[str]:
    """The lines of the expected text of whose words more than half were not found, in order; added to what was found they make it whole."""
    lacking = Counter(_words(_fold(expected)))
    lacking.subtract(Counter(_words(_fold("\n".join(found)))))
    lines = []
    for line in expected.splitlines():
        words = Counter(_words(_fold(line)))
        lost = sum(len(word) * min(times, max(0, lacking[word])) for word, times in words.items())
        if 2 * lost > sum(len(word) * times for word, times in words.items()):
            lines.append(" ".join(line.split()))
            lacking.subtract(words)
    return lines


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text.replace("\xad", "")).casefold()


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        if word.isascii() or not _ALONE.search(word):
            yield word
        else:
            yield from word


def _runs(text: str) -> Iterator[str]:
    letters = "".join(_WORD.findall(text))
    return (letters[start : start + _GRAM] for start in range(max(1, len(letters) - _GRAM + 1)) if letters)


def _share(found: Counter[str], wanted: Counter[str]) -> float | None:
    total = sum(len(word) * times for word, times in wanted.items())
    kept = sum(len(word) * min(times, found[word]) for word, times in wanted.items())
    return kept / total if total else None
