"""Windows of so many tokens, blind to what they cut: the rule that every other is measured against."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from chunking.cutter import Block, Limit, Span
from chunking.units import is_joined


def cut_fixed(text: str, blocks: Sequence[Block], starts: Sequence[int], limit: Limit, /) -> list[Span]:
    """Windows of `limit.tokens` tokens in order, each beginning `limit.overlap` tokens before the end of the one before.

    They cover the text from its first block to its last; signs of several characters stay whole where they fit. An edit moves every window
    after it: a rule that counts from the beginning cannot be local.
    """
    return list(_windows(text, _edges(starts, blocks[0].start, blocks[-1].end, limit.characters), limit))


def _edges(starts: Sequence[int], begin: int, end: int, longest: int) -> list[int]:
    """Where each token starts, the first at `begin`, and the end; a token that is longer than a chunk may be counts as several."""
    inside = starts[bisect_left(starts, begin) : bisect_left(starts, end)]
    edges = [begin, *inside[1:], end]
    return [at for left, right in pairwise(edges) for at in range(left, max(right, left + 1), longest)] + [end]


def _windows(text: str, edges: Sequence[int], limit: Limit) -> Iterator[Span]:
    first = 0
    while True:
        last = _reach(text, edges, first, limit)
        yield edges[first], edges[last]
        if edges[last] == edges[-1]:
            return
        back = _whole(text, edges, max(0, last - limit.overlap))
        first = back if edges[back] > edges[first] else last


def _reach(text: str, edges: Sequence[int], first: int, limit: Limit) -> int:
    """The edge that ends a window: as far as fits, and at least one character on."""
    last = min(first + limit.tokens, bisect_right(edges, edges[first] + limit.characters) - 1, len(edges) - 1)
    if edges[last] == edges[-1]:
        return last
    whole = _whole(text, edges, last)
    if edges[whole] > edges[first]:
        return whole
    return last if edges[last] > edges[first] else bisect_right(edges, edges[first])


def _whole(text: str, edges: Sequence[int], at: int) -> int:
    """The nearest edge at or before this one that cuts no sign; several tokens may share a character."""
    while at > 0 and is_joined(text[edges[at] - 1], text[edges[at]]):
        at -= 1
    return bisect_left(edges, edges[at])
