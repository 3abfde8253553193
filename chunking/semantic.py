"""Clusters of sentences that mean alike, by their vectors."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from chunking.cutter import Block, Cutter, Embed, Limit, Span
from chunking.fences import stretches
from chunking.units import SENTENCE, Scale, Unit, units


def cut_semantic(embed: Embed, /) -> Cutter:
    """A cutter whose chunks are the runs of sentences that agree most among themselves, as `best_runs` has it.

    Vectors are compared within a stretch between two fences only, so the rule is as local as the default: an edit changes no chunk beyond
    the fences around it. Every sentence of a text that is cut is embedded once more than its chunk is.
    """

    def cutter(text: str, blocks: Sequence[Block], starts: Sequence[int], limit: Limit, /) -> list[Span]:
        scale = Scale(starts, limit, finest=SENTENCE)
        pieces = list(_sentences(units(text, blocks, scale), scale))
        vectors = embed([text[start:end] for start, end, _ in pieces])
        return [
            span
            for first, last in stretches(text, pieces, scale)
            for span in _clusters(pieces[first : last + 1], vectors[first : last + 1] @ vectors[first : last + 1].T, scale)
        ]

    return cutter


def _sentences(pieces: Sequence[Unit], scale: Scale) -> Iterator[Unit]:
    """Whole sentences; of one that does not fit, pieces as long as fit: a word by itself, or a letter, means nothing to compare."""
    start, end, level = pieces[0]
    for piece_start, piece_end, piece_level in pieces[1:]:
        if piece_level < SENTENCE and scale.fits(start, piece_end):
            end = piece_end
        else:
            yield start, end, level
            start, end, level = piece_start, piece_end, piece_level
    yield start, end, level


def _clusters(pieces: Sequence[Unit], similar: npt.NDArray[np.float32], scale: Scale) -> Iterator[Span]:
    earliest, first = [], 0
    for place, (_, end, _) in enumerate(pieces):
        while first < place and not scale.fits(pieces[first][0], end):
            first += 1
        earliest.append(first)
    for first, last in best_runs(similar, earliest):
        yield pieces[first][0], pieces[last][1]


def best_runs(similar: npt.NDArray[np.float32], earliest: Sequence[int], /) -> list[Span]:
    """First and last of consecutive runs that together hold each thing once, chosen so that most of what is alike is together.

    A run scores the sum over its pairs of how much more alike they are than the mean pair is (B. Smith and A. Troynikov, 2024: the
    "cluster semantic" chunker); `earliest` says where a run that ends at each thing may begin. Of equal choices the shorter last run wins.
    """
    count = len(similar)
    pairs = similar[np.triu_indices(count, k=1)]
    gains = similar - (pairs.mean() if len(pairs) else 0)
    np.fill_diagonal(gains, 0)
    best, begins = [0.0] * (count + 1), [0] * count
    for last in range(count):
        scored = 0.0
        best[last + 1] = -np.inf
        for first in range(last, earliest[last] - 1, -1):
            scored += float(gains[first, first + 1 : last + 1].sum())
            if best[first] + scored > best[last + 1]:
                best[last + 1], begins[last] = best[first] + scored, first
    return _walk(begins)


def _walk(begins: Sequence[int]) -> list[Span]:
    runs, last = list[Span](), len(begins) - 1
    while last >= 0:
        runs.append((begins[last], last))
        last = begins[last] - 1
    return runs[::-1]
