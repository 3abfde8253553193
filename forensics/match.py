"""Many patterns looked for in many pieces of bytes at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from forensics.needles import Pattern

_ANCHOR = 64


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes to be looked through, and how they came to be read."""

    decoder: str
    offset: int
    """Of the first byte, in what the decoder made of the file."""
    content: bytes
    seen: int = 0
    """So many first bytes stood at the end of the piece before, so that nothing is cut in two."""


class Matcher:
    """Aho and Corasick's automaton, as Polars has it, over the beginnings of all patterns; whole patterns are then compared."""

    def __init__(self, patterns: Sequence[Pattern], /) -> None:
        self.longest = max((len(pattern.sought) for pattern in patterns), default=0)
        self._by_anchor: dict[str, list[Pattern]] = {}
        for pattern in patterns:
            self._by_anchor.setdefault(_as_text(pattern.sought[:_ANCHOR]), []).append(pattern)
        self._anchors = list(self._by_anchor)

    def find(self, pieces: Sequence[Piece], /) -> Iterator[tuple[int, Pattern, int]]:
        """(number of the piece, pattern, offset as the piece counts) of each place at which a pattern stands."""
        texts = pl.Series([_as_text(piece.content) for piece in pieces], dtype=pl.String)
        if not pieces or not self._anchors:
            return
        for place in texts.str.contains_any(self._anchors).arg_true():
            present = texts[place : place + 1].str.extract_many(self._anchors, overlapping=True)[0]
            for anchor in present.unique(maintain_order=True):
                for pattern in self._by_anchor[anchor]:
                    yield from ((int(place), pattern, offset) for offset in _occurrences(pieces[place], pattern.sought))


def _as_text(content: bytes) -> str:
    """One character a byte: Polars looks through text only."""
    return content.decode("latin-1")


def _occurrences(piece: Piece, sought: bytes) -> Iterator[int]:
    at = piece.content.find(sought, max(0, piece.seen - len(sought) + 1))
    while at >= 0:
        yield piece.offset + at
        at = piece.content.find(sought, at + 1)
