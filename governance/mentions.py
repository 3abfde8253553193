"""How a document names a person: words that are known by their keyed hash alone, and found again in any text."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import NamedTuple

from contracts.ids import Identity

MARK = "█████"
"""Stands where something was taken out."""

_WORD = re.compile(r"\w+")


class Mention(NamedTuple):
    """A run of words, by their number and their keyed hash: nobody can read a name in it."""

    words: int
    key: str


class Span(NamedTuple):
    """Characters start to end of an NFC text that are a mention."""

    start: int
    end: int
    mention: Mention


def seal_mention(text: str, identity: Identity, /) -> Mention | None:
    """The mention that a text is, whatever its case, punctuation and spaces; None of a text without a word."""
    words = [word.casefold() for word in _WORD.findall(unicodedata.normalize("NFC", text))]
    return Mention(len(words), _key(words, identity)) if words else None


def find_mentions(text: str, mentions: Collection[Mention], identity: Identity, /) -> list[Span]:
    """Every place of an NFC text at which one of the mentions stands, in order. Words match whole: "Ann" is not in "Annual"."""
    places = [(word.start(), word.end(), word.group().casefold()) for word in _WORD.finditer(text)]
    found = []
    for length in sorted({mention.words for mention in mentions}):
        for first in range(len(places) - length + 1):
            run = places[first : first + length]
            mention = Mention(length, _key([word for _, _, word in run], identity))
            if mention in mentions:
                found.append(Span(run[0][0], run[-1][1], mention))
    return sorted(found)


def without(text: str, spans: Collection[Span], /) -> str:
    """The text with MARK in place of every span; spans that overlap share one."""
    return MARK.join(text[end:start] for (_, end), (start, _) in pairwise([(0, 0), *_joined(spans), (len(text), len(text))]))


def _joined(spans: Collection[Span]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for span in sorted(spans):
        if span.start > end:
            if end >= 0:
                yield start, end
            start, end = span.start, span.end
        end = max(end, span.end)
    if end >= 0:
        yield start, end


def _key(words: list[str], identity: Identity) -> str:
    return identity.content("mention", *words)
