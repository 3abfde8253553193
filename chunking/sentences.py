"""Windows of whole sentences: as many as fit, each window beginning with the last sentences of the one before."""

from collections.abc import Iterator, Sequence

from chunking.cutter import Block, Limit, Span
from chunking.fences import between_fences, priorities
from chunking.units import SENTENCE, Scale, Unit, units


def cut_sentences(text: str, blocks: Sequence[Block], starts: Sequence[int], limit: Limit, /) -> list[Span]:
    """Windows in order, which cover every character of every block. Each repeats as many of the last sentences as `limit.overlap` holds.

    A sentence that does not fit is cut between words. Windows are packed from the left between two fences, so an edit moves no window
    beyond the fences around it; no window reaches over a fence, so none repeats what is before one.
    """
    scale = Scale(starts, limit, finest=SENTENCE)
    pieces = units(text, blocks, scale)
    ranks = priorities(text, pieces, scale)
    return [span for first, last in between_fences(pieces, ranks, scale) for span in _windows(pieces[first : last + 1], scale)]


def _windows(pieces: Sequence[Unit], scale: Scale) -> Iterator[Span]:
    first = last = 0
    while True:
        while last + 1 < len(pieces) and scale.fits(pieces[first][0], pieces[last + 1][1]):
            last += 1
        yield pieces[first][0], pieces[last][1]
        if last + 1 == len(pieces):
            return
        first = _next(pieces, first, last, scale)
        last += 1


def _next(pieces: Sequence[Unit], first: int, last: int, scale: Scale) -> int:
    """The first piece of the next window, which holds at least the piece after `last`."""
    end, following = pieces[last][1], last + 1
    while following - 1 > first:
        start = pieces[following - 1][0]
        if scale.tokens(start, end) > scale.limit.overlap or not scale.fits(start, pieces[last + 1][1]):
            break
        following -= 1
    return following
