"""Where a text that is too long for one chunk is cut, so that an edit moves only the cuts beside it.

Packing from the left would move every later cut when a word is added. Here a boundary has a priority of its own: its level
(between elements, lines, sentences, words, characters), then a hash of the few characters around it. Two steps use nothing else:

1. *Fences.* A stretch longer than `FENCE` chunks is cut at its highest boundary, and both sides again. Whether a boundary is a fence
   depends only on the text within `FENCE` chunks of it.
2. *Joins.* Between two fences the boundaries are visited from the lowest to the highest, and each joins the pieces on its two sides if
   they fit together. So what fits into a chunk stays whole, and no two neighbours that would fit together stay apart.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from contracts.tables import ELEMENT_SEPARATOR

FENCE = 4
"""Chunks' worth of text that a stretch between two fences may hold."""
CONTEXT = 24
"""Characters on either side of a boundary that its hash sees."""

Span = tuple[int, int]
Unit = tuple[int, int, int]
"""Start, end, and the level of the boundary at its start."""

_ENDS = (
    re.compile(r"\n(?:[^\S\n]*\n)+"),
    re.compile(r"\n"),
    re.compile(r"[.!?…]+[\"')\]»”’]*\s+|[。！？]+[」』”’）]*\s*"),
    re.compile(r"\s+"),
)
"""What ends a paragraph within an element, a line, a sentence and a word."""
_ELEMENT = len(_ENDS) + 1
_CHARACTER = 0
_JOINERS = {"\u200d", "\ufe0f", "\ufe0e"}


@dataclass(frozen=True, slots=True)
class Limit:
    """What fits into a chunk. The characters guard stores that hold 65,535 bytes a text: a tokenizer may see one token in a megabyte."""

    tokens: int
    characters: int = 16_000


@dataclass(frozen=True, slots=True)
class Block:
    """A span that is cut only if it does not fit: an element, with the titles above it, if it opens a section."""

    start: int
    body: int
    """Where the titles end and the element proper begins; `start` if there are no titles."""
    end: int
    solid: bool = False
    """Rather leave the titles alone than cut a body that fits by itself: true for tables."""


def cut(text: str, blocks: Sequence[Block], starts: Sequence[int], limit: Limit, /) -> list[Span]:
    """The spans of the chunks, in order: they cover every character of every block once, and what lies between two blocks at most once.

    `starts` are the characters at which the text's tokens start, ascending. A span holds at most `limit.tokens` of them and is at most
    `limit.characters` long. Titles go with the beginning of what they head. The last resort is a cut between two characters.
    """
    scale = _Scale(starts, limit)
    units = [unit for block in blocks for unit in _units(text, block, scale)]
    spans = [(start, end) for start, end, _ in units]
    priorities = np.array([_priority(text, start, level) for start, _, level in units[1:]], dtype=np.uint64)
    return [
        span
        for first, last in _between_fences(spans, priorities, scale)
        for span in _join(spans[first : last + 1], priorities[first:last], scale)
    ]


@dataclass(frozen=True, slots=True)
class _Scale:
    starts: Sequence[int]
    limit: Limit

    def tokens(self, start: int, end: int, /) -> int:
        return bisect_left(self.starts, end) - bisect_left(self.starts, start)

    def fits(self, start: int, end: int, /, times: int = 1) -> bool:
        return self.tokens(start, end) <= times * self.limit.tokens and end - start <= times * self.limit.characters

    def beside(self, start: int, end: int, /) -> "_Scale":
        """What is left when a chunk already holds that span."""
        return _Scale(self.starts, Limit(self.limit.tokens - self.tokens(start, end), self.limit.characters - (end - start)))


def _units(text: str, block: Block, scale: _Scale) -> list[Unit]:
    """Pieces that fit, each with the level of the boundary before it: the block if it fits, else its paragraphs, lines and so on."""
    start, body, end = block.start, block.body, block.end
    if start == body or scale.fits(start, end):
        return list(_split(text, start, end, _ELEMENT, scale))
    titles_end = body - len(ELEMENT_SEPARATOR)
    titles_are_long = 2 * scale.tokens(start, body) > scale.limit.tokens or 2 * (body - start) > scale.limit.characters
    if titles_are_long or (block.solid and scale.fits(body, end)):
        return [*_split(text, start, titles_end, _ELEMENT, scale), *_split(text, body, end, _ELEMENT, scale)]
    (_, first_end, _), *others = _split(text, body, end, _ELEMENT, scale.beside(start, body))
    return [(start, first_end, _ELEMENT), *others]


def _split(text: str, start: int, end: int, level: int, scale: _Scale) -> Iterator[Unit]:
    if scale.fits(start, end) or end - start == 1:
        yield start, end, level
        return
    if level == _CHARACTER:
        yield from ((at, at + 1, level) for at in range(start, end))
        return
    inner = level - 1
    first = True
    for left, right in pairwise([start, *_boundaries(text, start, end, inner), end]):
        for piece_start, piece_end, piece_level in _split(text, left, right, inner, scale):
            yield piece_start, piece_end, level if first else piece_level
            first = False


def _boundaries(text: str, start: int, end: int, level: int) -> Iterator[int]:
    if level == _CHARACTER:
        return (at for at in range(start + 1, end) if not _is_joined(text[at - 1], text[at]))
    ends = (match.end() for match in _ENDS[_ELEMENT - 1 - level].finditer(text, start, end))
    return (at for at in ends if start < at < end)


def _is_joined(before: str, after: str) -> bool:
    return after in _JOINERS or before == "\u200d" or unicodedata.category(after).startswith("M")


def _priority(text: str, at: int, level: int) -> int:
    around = text[max(0, at - CONTEXT) : at + CONTEXT]
    digest = blake2b(around.encode(), digest_size=8).digest()
    return level << 60 | int.from_bytes(digest, "big") >> 4


def _between_fences(spans: list[Span], priorities: npt.NDArray[np.uint64], scale: _Scale) -> Iterator[Span]:
    """First and last unit of each stretch. Equal priorities (repeated text) are cut in the middle, which keeps the depth small."""
    waiting = [(0, len(spans) - 1)]
    while waiting:
        first, last = waiting.pop()
        if first == last or scale.fits(spans[first][0], spans[last][1], times=FENCE):
            yield first, last
            continue
        highest = np.flatnonzero(priorities[first:last] == priorities[first:last].max())
        fence = first + int(highest[len(highest) // 2])
        waiting += [(fence + 1, last), (first, fence)]


def _join(spans: list[Span], priorities: npt.NDArray[np.uint64], scale: _Scale) -> Iterator[Span]:
    opens, closes = list(range(len(spans))), list(range(len(spans)))
    for boundary in np.argsort(priorities, kind="stable").tolist():
        first, last = opens[boundary], closes[boundary + 1]
        if scale.fits(spans[first][0], spans[last][1]):
            opens[last], closes[first] = first, last
    first = 0
    while first < len(spans):
        yield spans[first][0], spans[closes[first]][1]
        first = closes[first] + 1
