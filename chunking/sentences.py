"""Windows of whole sentences: between half full and full, each ending where the text itself is most divided."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from chunking.cutter import Block, Limit, Span
from chunking.fences import highest, stretches
from chunking.units import SENTENCE, Scale, Unit, units


def cut_sentences(text: str, blocks: Sequence[Block], starts: Sequence[int], limit: Limit, /) -> list[Span]:
    """Windows in order, which cover every character of every block. Each repeats as many of the last sentences as `limit.overlap` holds.

    A window ends at the highest boundary of its second half: between elements rather than between paragraphs, lines or sentences, and of
    equals where the text after it decides, so that windows fall into step again soon after an edit. Tables, code and list items that fit
    are not cut, a sentence that does not fit is cut between words. No window reaches over a fence, so no edit moves any beyond the fences
    around it.
    """
    scale = Scale(starts, limit, finest=SENTENCE)
    pieces = units(text, blocks, scale)
    return [span for first, last in stretches(text, pieces, scale) for span in _windows(text, pieces[first : last + 1], scale)]


def _windows(text: str, pieces: Sequence[Unit], scale: Scale) -> Iterator[Span]:
    first, last = 0, _last(text, pieces, 0, scale)
    while last + 1 < len(pieces):
        yield pieces[first][0], pieces[last][1]
        first = _next(pieces, first, last, scale)
        last = max(last + 1, _last(text, pieces, first, scale))
    yield pieces[first][0], pieces[last][1]


def _last(text: str, pieces: Sequence[Unit], first: int, scale: Scale) -> int:
    """The last piece of a window: the end of the text if that fits."""
    begin, last = pieces[first][0], first
    while last + 1 < len(pieces) and scale.fits(begin, pieces[last + 1][1]):
        last += 1
    if last + 1 == len(pieces):
        return last
    half = bisect_left(pieces, scale.limit.tokens, first, last, key=lambda piece: 2 * scale.tokens(begin, piece[1]))
    return highest(text, pieces, range(half, last + 1), scale)


def _next(pieces: Sequence[Unit], first: int, last: int, scale: Scale) -> int:
    """The first piece of the next window, which holds at least the piece after `last`."""
    following, end = last + 1, pieces[last][1]
    while scale.limit.overlap and following - 1 > first:
        start = pieces[following - 1][0]
        too_much = scale.tokens(start, end) > scale.limit.overlap or 2 * (end - start) > scale.limit.characters
        if too_much or not scale.fits(start, pieces[last + 1][1]):
            break
        following -= 1
    return following
