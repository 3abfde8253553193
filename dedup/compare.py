"""Where two texts that say nearly the same differ, word by word."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: of both texts, or of one alone."""

    of: Literal["both", "first", "second"]
    text: str


def compare_words(first: str, second: str, /) -> tuple[Piece, ...]:
    """Both texts as one row of pieces: those of `both` and `first` are the first text in order, those of `both` and `second` the other.

    Words are what stands between white space, as it is written. Where a piece is of both, it is written as the first text writes it.
    """
    one, other = first.split(), second.split()
    pieces: list[Piece] = []
    for kind, start, end, from_, to in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            pieces.append(Piece("both", " ".join(one[start:end])))
            continue
        pieces += [Piece("first", " ".join(one[start:end]))] if end > start else []
        pieces += [Piece("second", " ".join(other[from_:to]))] if to > from_ else []
    return tuple(pieces)
