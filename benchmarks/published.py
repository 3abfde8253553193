"""The chunkers that others published figures of, as they cut: the yardstick, not a part of ragkeep.

Lengths are tokens of cl100k. The rules are those of B. Smith and A. Troynikov, "Evaluating Chunking Strategies for Retrieval" (2024), and
of the text splitter that its recursive chunker is: pieces are measured one by one, and a chunk is stripped of white space.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from chunking.cutter import Block, Embed, Limit, Span
from chunking.fixed import cut_fixed
from chunking.semantic import best_runs

with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
    import bpe_openai  # reads its own data in a way that Python no longer likes

_SEPARATORS = ("\n\n", "\n", ".", "?", "!", " ", "")
_PIECE = 50
"""Tokens of the pieces that clusters are made of."""
_ENCODING = bpe_openai.get_encoding("cl100k_base")


@lru_cache(maxsize=1 << 18)
def count_tokens(text: str) -> int:
    """Of cl100k."""
    return len(_ENCODING.encode_ordinary(text))


def recursive(text: str, size: int, overlap: int = 0) -> list[Span]:
    """At the coarsest separator there is, then what is still too long at the next; neighbours are joined from the left while they fit."""
    return list(_stripped(text, _recursive(text, 0, len(text), _SEPARATORS, size, overlap)))


def tokens(text: str, size: int, overlap: int = 0) -> list[Span]:
    """Windows of so many tokens."""
    _, starts = _ENCODING.decode_with_offsets(_ENCODING.encode_ordinary(text))
    return cut_fixed(text, [Block(0, 0, len(text))], list(starts), Limit(size, characters=len(text), overlap=overlap))


def cluster_semantic(text: str, size: int, embed: Embed) -> list[Span]:
    """Runs of pieces of about 50 tokens that mean alike, by all pairs of the whole text."""
    pieces = recursive(text, _PIECE)
    vectors = embed([text[start:end] for start, end in pieces])
    most = size // _PIECE
    runs = best_runs(vectors @ vectors.T, [max(0, last - most + 1) for last in range(len(pieces))])
    return [(pieces[first][0], pieces[last][1]) for first, last in runs]


def published_place(text: str, start: int, end: int) -> Span:
    """Where the published measurement takes a chunk to be: at the first place of the text that says the same, its final full stop off."""
    said = text[start:end].removesuffix(".")
    found = text.index(said)
    return found, found + len(said)


def _recursive(text: str, start: int, end: int, separators: Sequence[str], size: int, overlap: int) -> Iterator[Span]:
    depth = next(at for at, separator in enumerate(separators) if separator in text[start:end])
    separator, finer = separators[depth], separators[depth + 1 :]
    short: list[Span] = []
    for piece in _split(text, start, end, separator):
        if count_tokens(text[slice(*piece)]) < size:
            short.append(piece)
            continue
        yield from _merge(text, short, size, overlap)
        short = []
        if finer:
            yield from _recursive(text, *piece, finer, size, overlap)
        else:
            yield piece
    yield from _merge(text, short, size, overlap)


def _split(text: str, start: int, end: int, separator: str) -> list[Span]:
    """Each piece but the first begins with the separator."""
    if not separator:
        return [(at, at + 1) for at in range(start, end)]
    cuts = [match.start() for match in re.compile(re.escape(separator)).finditer(text, start, end)]
    return [(left, right) for left, right in pairwise([start, *cuts, end]) if left < right]


def _merge(text: str, pieces: Sequence[Span], size: int, overlap: int) -> Iterator[Span]:
    held: list[tuple[Span, int]] = []
    total = 0
    for piece in pieces:
        length = count_tokens(text[slice(*piece)])
        if held and total + length > size:
            yield held[0][0][0], held[-1][0][1]
            while total > overlap or (total and total + length > size):
                total -= held.pop(0)[1]
        held.append((piece, length))
        total += length
    if held:
        yield held[0][0][0], held[-1][0][1]


def _stripped(text: str, spans: Iterator[Span]) -> Iterator[Span]:
    for start, end in spans:
        said = text[start:end]
        if said.strip():
            yield start + len(said) - len(said.lstrip()), end - len(said) + len(said.rstrip())
