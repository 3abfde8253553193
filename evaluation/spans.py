"""How much of what answers a question was retrieved, and how little else: counted in characters, so that chunkers can be compared.

The measures are those of B. Smith and A. Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma, 2024). What is relevant are
excerpts of a document, whatever the chunks are; a chunk that is retrieved twice, or two that overlap, cost the reader twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

Interval = tuple[int, int]


class Passage(NamedTuple):
    """The characters from `start` up to `end` of a document."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SpanScores:
    """Of one question, each from 0 to 1."""

    recall: float
    """Share of the relevant characters that were retrieved."""
    precision: float
    """Share of the retrieved characters that were relevant; a character that is retrieved again is one more and not relevant again."""
    iou: float
    """What is in both, over what is in either: intersection over union."""


def span_scores(retrieved: Iterable[Passage], relevant: Iterable[Passage], /) -> SpanScores:
    """The scores of what was retrieved for a question, in any order; all 0 where nothing relevant was. ValueError if nothing is relevant.

    With r the length of the union of what is relevant, t the sum of the lengths retrieved and b what is in both unions:
    recall = b / r, precision = b / t, iou = b / (t + r - b).
    """
    found, wanted = list(retrieved), _wanted(relevant)
    both = _length(_intersection(_union(found), wanted))
    size, total = _length(wanted), sum(max(0, passage.end - passage.start) for passage in found)
    return SpanScores(recall=both / size, precision=both / total if total else 0.0, iou=both / (total + size - both))


def precision_omega(chunks: Iterable[Passage], relevant: Iterable[Passage], /) -> float:
    """Precision if all chunks that bear a relevant character were retrieved and no other: what the chunking itself allows, at best.

    What is relevant, over the union of those chunks with what is relevant; overlapping chunks count once. ValueError if nothing is
    relevant.
    """
    wanted = _wanted(relevant)
    bearing = [chunk for chunk in chunks if _bears(chunk, wanted)]
    both = _length(_intersection(_union(bearing), wanted))
    return both / (_length(_union(bearing)) + _length(wanted) - both)


_Intervals = Mapping[str, list[Interval]]
"""Of each document: disjoint, not empty, in order."""


def _wanted(relevant: Iterable[Passage]) -> _Intervals:
    wanted = _union(relevant)
    if not wanted:
        raise ValueError("no character is relevant to this question: give it an excerpt of at least one")
    return wanted


def _union(passages: Iterable[Passage]) -> _Intervals:
    intervals: dict[str, list[Interval]] = defaultdict(list)
    for document, start, end in sorted(passage for passage in passages if passage.start < passage.end):
        known = intervals[document]
        if known and start <= known[-1][1]:
            known[-1] = (known[-1][0], max(known[-1][1], end))
        else:
            known.append((start, end))
    return intervals


def _intersection(left: _Intervals, right: _Intervals) -> _Intervals:
    return {document: list(_shared(intervals, right.get(document, []))) for document, intervals in left.items()}


def _shared(left: list[Interval], right: list[Interval]) -> Iterator[Interval]:
    """What lies in an interval of each of two lists, by walking both."""
    one = other = 0
    while one < len(left) and other < len(right):
        start, end = max(left[one][0], right[other][0]), min(left[one][1], right[other][1])
        if start < end:
            yield start, end
        if left[one][1] < right[other][1]:
            one += 1
        else:
            other += 1


def _length(intervals: _Intervals) -> int:
    return sum(end - start for spans in intervals.values() for start, end in spans)


def _bears(chunk: Passage, wanted: _Intervals) -> bool:
    return any(chunk.start < end and start < chunk.end for start, end in wanted.get(chunk.document, []))
