"""Where a text that is too long for one chunk is cut by its structure: the default, and local.

Packing from the left would move every later cut when a word is added. Here, between two fences (`chunking.fences`), each boundary, from
the lowest priority to the highest, joins the pieces on its two sides if they fit together. So what fits into a chunk stays whole, small
pieces find a neighbour first, and no two neighbours that would fit together stay apart.

It follows that no cut farther than `2 * FENCE + 1` chunks' worth of text from an edit moves, as long as no two boundaries have equal
priorities; in practice hardly any but the nearest does (`docs/decisions/0002-local-cuts.md`).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from chunking.cutter import Block, Limit, Span
from chunking.fences import Priorities, between_fences, priorities
from chunking.units import Scale, Unit, units


def cut(text: str, blocks: Sequence[Block], starts: Sequence[int], limit: Limit, /) -> list[Span]:
    """The spans of the chunks, in order: they cover every character of every block once, and what lies between two blocks at most once.

    `starts` are the characters at which the text's tokens start, ascending. A span holds at most `limit.tokens` of them and is at most
    `limit.characters` long. Titles go with the beginning of what they head. The last resort is a cut between two characters.
    """
    scale = Scale(starts, limit)
    pieces = units(text, blocks, scale)
    ranks = priorities(text, pieces, scale)
    return [
        span for first, last in between_fences(pieces, ranks, scale) for span in _join(pieces[first : last + 1], ranks[first:last], scale)
    ]


def _join(pieces: Sequence[Unit], ranks: Priorities, scale: Scale) -> Iterator[Span]:
    opens, closes = list(range(len(pieces))), list(range(len(pieces)))
    for boundary in np.argsort(ranks, kind="stable").tolist():
        first, last = opens[boundary], closes[boundary + 1]
        if scale.fits(pieces[first][0], pieces[last][1]):
            opens[last], closes[first] = first, last
    first = 0
    while first < len(pieces):
        yield pieces[first][0], pieces[closes[first]][1]
        first = closes[first] + 1
