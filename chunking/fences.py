"""Stretches that are cut each by itself, so that an edit moves only the cuts near it, whatever the rule within a stretch is.

Each boundary between two units has a priority of its own: its level, then whether both its sides are large, then a hash of the characters
after it. A text of more than `FENCE` chunks' worth is cut at its highest boundary, the *fence*, and both sides again. So whether a boundary
is a fence depends only on the text within `FENCE` chunks of it, as long as no two boundaries have equal priorities.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from chunking.units import Scale, Unit

FENCE = 8
"""Chunks' worth of text that a stretch between two fences may hold."""
NEAR, WIDE = 24, 200
"""Characters after a boundary that its hash sees, and those that decide between two boundaries of equal hash, such as rows of a table.
An edit at the end of an element must not move the boundary after it, so the hash sees none of the text before that."""

Priorities = npt.NDArray[np.uint64]


def priorities(text: str, units: Sequence[Unit], scale: Scale, /) -> Priorities:
    """Of the boundary after each unit but the last."""
    return np.array([_priority(text, before, after, scale) for before, after in pairwise(units)], dtype=np.uint64)


def stretches(text: str, units: Sequence[Unit], scale: Scale, /) -> list[tuple[int, int]]:
    """First and last unit of each stretch between two fences, in order."""
    if scale.fits(units[0][0], units[-1][1], times=FENCE):
        return [(0, len(units) - 1)]
    return list(between_fences(units, priorities(text, units, scale), scale))


def highest(text: str, units: Sequence[Unit], boundaries: range, scale: Scale, /) -> int:
    """The one of highest priority among the boundaries after those units; looked at closely only where levels do not decide."""
    level = max(units[at + 1][2] for at in boundaries)
    tied = [at for at in boundaries if units[at + 1][2] == level]
    return tied[0] if len(tied) == 1 else max(tied, key=lambda at: _priority(text, units[at], units[at + 1], scale))


def between_fences(units: Sequence[Unit], ranks: Priorities, scale: Scale, /) -> Iterator[tuple[int, int]]:
    """The same, by priorities that are known."""
    waiting = [(0, len(units) - 1)]
    while waiting:
        first, last = waiting.pop()
        if first == last or scale.fits(units[first][0], units[last][1], times=FENCE):
            yield first, last
            continue
        peaks = first + np.flatnonzero(ranks[first:last] == ranks[first:last].max())
        # Of equals, which only repeated text has, the last that leaves one stretch before it: so repeated stretches are equal and keep
        # their ids.
        reach = bisect_left(peaks, True, key=lambda unit: not scale.fits(units[first][0], units[unit][1], times=FENCE))
        fence = int(peaks[max(0, reach - 1)])
        waiting += [(fence + 1, last), (first, fence)]


def _priority(text: str, before: Unit, after: Unit, scale: Scale) -> int:
    at, _, level = after
    large = not (scale.is_small(*before[:2]) or scale.is_small(*after[:2]))
    return level << 61 | large << 60 | _hash(text[at : at + NEAR]) >> 4 << 32 | _hash(text[at : at + WIDE])


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")
