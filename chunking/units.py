"""The pieces that chunks are put together from: the largest that fit, from elements down to characters."""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from chunking.cutter import Block, Limit
from contracts.tables import ELEMENT_SEPARATOR

Unit = tuple[int, int, int]
"""Start, end, and the level of the boundary at its start."""

_ENDS = (
    re.compile(r"\n(?:[^\S\n]*\n)+"),
    re.compile(r"\n(?:[^\S\n]*\n)*"),
    re.compile(r"[.!?…]+[\"')\]»”’]*\s+|[。！？]+[」』”’）]*\s*"),
    re.compile(r"\s+"),
)
"""What ends a paragraph within an element, a line, a sentence and a word: with all the space after it, which says nothing by itself."""
ELEMENT = len(_ENDS) + 1
SENTENCE = 2
_CHARACTER = 0
_MOST_CHARACTER_CUTS = 2**20
"""Within one run without white space; a longer one, which is no text, is cut at every n-th character only."""
_JOINERS = {"\u200d", "\ufe0f", "\ufe0e"}


@dataclass(frozen=True, slots=True)
class Scale:
    """How long a span of a text is, and whether it fits."""

    starts: Sequence[int]
    limit: Limit
    finest: int = ELEMENT
    """The level of boundary down to which units are cut though they fit."""

    def tokens(self, start: int, end: int, /) -> int:
        """How many tokens start in the span."""
        return bisect_left(self.starts, end) - bisect_left(self.starts, start)

    def fits(self, start: int, end: int, /, times: int = 1) -> bool:
        """Whether the span is no longer than so many chunks."""
        return self.tokens(start, end) <= times * self.limit.tokens and end - start <= times * self.limit.characters

    def beside(self, start: int, end: int, /) -> "Scale":
        """What is left when a chunk already holds that span."""
        left = replace(self.limit, tokens=self.limit.tokens - self.tokens(start, end), characters=self.limit.characters - (end - start))
        return replace(self, limit=left)

    def is_small(self, start: int, end: int, /) -> bool:
        """Whether it is joined before larger units are."""
        return self.tokens(start, end) < self.limit.small


def units(text: str, blocks: Sequence[Block], scale: Scale, /) -> list[Unit]:
    """Pieces that fit, in order, each with the level of the boundary before it; together they are the blocks."""
    whole = replace(scale, finest=ELEMENT)
    return [unit for block in blocks for unit in _units(text, block, scale if block.prose else whole)]


def is_joined(before: str, after: str, /) -> bool:
    """Whether two characters are one sign: a letter and its accent, the parts of an emoji."""
    return after in _JOINERS or before == "\u200d" or unicodedata.category(after).startswith("M")


def _units(text: str, block: Block, scale: Scale) -> list[Unit]:
    """The block if it fits, else its paragraphs, lines and so on. Titles go with the beginning of what they head."""
    start, body, end = block.start, block.body, block.end
    if start == body or (scale.finest == ELEMENT and scale.fits(start, end)):
        return list(_split(text, start, end, ELEMENT, scale))
    titles_end = body - len(ELEMENT_SEPARATOR)
    titles_are_long = 2 * scale.tokens(start, body) > scale.limit.tokens or 2 * (body - start) > scale.limit.characters
    if titles_are_long or (block.solid and scale.fits(body, end)):
        return [*_split(text, start, titles_end, ELEMENT, scale), *_split(text, body, end, ELEMENT, scale)]
    (_, first_end, _), *others = _split(text, body, end, ELEMENT, scale.beside(start, body))
    return [(start, first_end, ELEMENT), *others]


def _split(text: str, start: int, end: int, level: int, scale: Scale) -> Iterator[Unit]:
    """The span, or the pieces between its boundaries of the next level that it has any of."""
    finest = scale.finest if scale.fits(start, end) else _CHARACTER - 1
    inner, cuts = level, list[int]()
    while not cuts:
        if inner <= finest or end - start == 1:
            yield start, end, level
            return
        if inner == _CHARACTER:
            cuts = list(range(start + 1, end))
        else:
            inner -= 1
            cuts = list(_boundaries(text, start, end, inner))
    for left, right in pairwise([start, *cuts, end]):
        for piece_start, piece_end, piece_level in _split(text, left, right, inner, scale):
            yield piece_start, piece_end, level if piece_start == start else piece_level


def _boundaries(text: str, start: int, end: int, level: int) -> Iterator[int]:
    if level == _CHARACTER:
        step = 1 + (end - start) // _MOST_CHARACTER_CUTS
        return (at for at in range(start + step, end, step) if not is_joined(text[at - 1], text[at]))
    ends = (match.end() for match in _ENDS[ELEMENT - 1 - level].finditer(text, start, end))
    return (at for at in ends if start < at < end)
