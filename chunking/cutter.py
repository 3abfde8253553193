"""The seam of chunkers: a text, what may be cut in it and what fits, in; spans, out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.ports import Vectors

Span = tuple[int, int]
"""The first character of a chunk, and the first one after it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What fits into a chunk."""

    tokens: int
    characters: int = 16_000
    """Stores hold 65,535 bytes of UTF-8 a text, and a tokenizer may see a single token in a megabyte."""
    small: int = 24
    """A unit of fewer tokens is joined before larger ones are."""
    overlap: int = 0
    """Tokens that a chunk may repeat of the one before; at most half of `tokens`."""


@dataclass(frozen=True, slots=True)
class Block:
    """A span that is cut only if it does not fit: an element, with the titles above it, if it opens a section."""

    start: int
    body: int
    """Where the titles end and the element proper begins; `start` if there are no titles."""
    end: int
    solid: bool = False
    """Rather leave the titles alone than cut a body that fits by itself: true for tables."""
    prose: bool = True
    """May be cut between sentences though it fits, by a rule that looks for sentences."""


Cutter = Callable[[str, Sequence[Block], Sequence[int], Limit], list[Span]]
"""Given a section's text, its blocks, the characters at which its tokens start, ascending, and the limit: the spans of the chunks, in
order. They cover every character of every block, and none is longer than the limit."""

Embed = Callable[[Sequence[str]], Vectors]
"""Unit vectors of texts, for the one chunker that looks at meaning."""
