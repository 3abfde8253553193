"""Where a text that is too long for one chunk is cut, so that an edit moves only the cuts beside it.

Packing from the left would move every later cut when a word is added. Here each boundary has a priority of its own: its level (between
elements, paragraphs, lines, sentences, words, characters), then whether both its sides are large, then a hash of the characters after
it. Two steps look at nothing else:

1. *Fences.* A stretch of more than `FENCE` chunks' worth of text is cut at its highest boundary, and both sides again. So whether a
   boundary is a fence depends only on the text within `FENCE` chunks of it.
2. *Joins.* Between two fences each boundary, from the lowest to the highest, joins the pieces on its two sides if they fit together. So
   what fits into a chunk stays whole, small pieces find a neighbour first, and no two neighbours that would fit together stay apart.

It follows that no cut farther than `2 * FENCE + 1` chunks' worth of text from an edit moves, as long as no two boundaries have equal
priorities; in practice hardly any but the nearest does (`docs/decisions/0002-local-cuts.md`).
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

FENCE = 8
"""Chunks' worth of text that a stretch between two fences may hold."""
NEAR, WIDE = 24, 200
"""Characters after a boundary that its hash sees, and those that decide between two boundaries of equal hash, such as rows of a table.
An edit at the end of an element must not move the boundary after it, so the hash sees none of the text before that."""

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
_MOST_CHARACTER_CUTS = 2**20
"""Within one run without white space; a longer one, which is no text, is cut at every n-th character only."""
_JOINERS = {"\u200d", "\ufe0f", "\ufe0e"}


@dataclass(frozen=True, slots=True)
class Limit:
    """What fits into a chunk."""

    tokens: int
    characters: int = 16_000
    """Stores hold 65,535 bytes of UTF-8 a text, and a tokenizer may see a single token in a megabyte."""
    small: int = 24
    """A unit of fewer tokens is joined before larger ones are."""


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
    priorities = np.array([_priority(text, before, after, scale) for before, after in pairwise(units)], dtype=np.uint64)
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

    def is_small(self, start: int, end: int, /) -> bool:
        return self.tokens(start, end) < self.limit.small


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
        step = 1 + (end - start) // _MOST_CHARACTER_CUTS
        return (at for at in range(start + step, end, step) if not _is_joined(text[at - 1], text[at]))
    ends = (match.end() for match in _ENDS[_ELEMENT - 1 - level].finditer(text, start, end))
    return (at for at in ends if start < at < end)


def _is_joined(before: str, after: str) -> bool:
    return after in _JOINERS or before == "\u200d" or unicodedata.category(after).startswith("M")


def _priority(text: str, before: Unit, after: Unit, scale: _Scale) -> int:
    at, _, level = after
    large = not (scale.is_small(*before[:2]) or scale.is_small(*after[:2]))
    return level << 61 | large << 60 | _hash(text[at : at + NEAR]) >> 4 << 32 | _hash(text[at : at + WIDE])


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


def _between_fences(spans: list[Span], priorities: npt.NDArray[np.uint64], scale: _Scale) -> Iterator[Span]:
    """First and last unit of each stretch, in order."""
    waiting = [(0, len(spans) - 1)]
    while waiting:
        first, last = waiting.pop()
        if first == last or scale.fits(spans[first][0], spans[last][1], times=FENCE):
            yield first, last
            continue
        highest = first + np.flatnonzero(priorities[first:last] == priorities[first:last].max())
        # Of equals, which only repeated text has, the last that leaves one stretch before it: so repeated stretches are equal and keep
        # their ids.
        reach = bisect_left(highest, True, key=lambda unit: not scale.fits(spans[first][0], spans[unit][1], times=FENCE))
        fence = int(highest[max(0, reach - 1)])
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
