"""Texts as sets of word shingles, hashed to 64 bits.

A word is a run of letters, marks and digits; a symbol is a word of its own, and so is every character of a script that is
written without spaces, which turns word shingles into character shingles there. Case, punctuation, spacing and Unicode form
do not matter. The same text gives the same hashes in every process and on every machine.
"""

import re

import numpy as np
import numpy.typing as npt
import polars as pl

from dedup.characters import normalise, spell
from dedup.hashing import GOLDEN, MURMUR_A, MURMUR_B, hash_word

NORMALISER = 2
"""Raised whenever the words or the hashes of a text change: an index of another version is rebuilt."""

_WORD = re.compile(r"[wd]+|[Dhns]")
_ROWS_AT_ONCE = 8_192

_Hashes = npt.NDArray[np.uint64]


def shingle(texts: pl.Series, words: int, /) -> pl.Series:
    """The sorted, distinct hashes of each text's runs of `words` words, as List(UInt64). A shorter text is one."""
    parts = [_shingle(part, words) for part in texts.to_frame("text").iter_slices(_ROWS_AT_ONCE)]
    return pl.concat(parts) if parts else pl.Series("shingles", [], dtype=pl.List(pl.UInt64))


def _shingle(texts: pl.DataFrame, words: int) -> pl.Series:
    split = [split_words(text) for text in texts.select(normalise(pl.col("text"))).to_series()]
    lengths = np.array([len(each) for each in split], dtype=np.int64)
    hashed = {word: hash_word(word) for word in {word for each in split for word in each}}
    hashes, rows = _runs(np.array([hashed[word] for each in split for word in each], dtype=np.uint64), lengths, words)
    found = pl.DataFrame({"row": rows, "shingles": hashes}).group_by("row").agg(pl.col("shingles").unique().sort())
    every = pl.DataFrame({"row": np.arange(len(lengths), dtype=np.int64)})
    return every.join(found, on="row", how="left", maintain_order="left")["shingles"].fill_null(pl.lit([], dtype=pl.List(pl.UInt64)))


def split_words(normalised: str, /) -> list[str]:
    """The words of a normalised text, in order."""
    kinds = spell(normalised)
    return [normalised[found.start() : found.end()] for found in _WORD.finditer(kinds)]


def _runs(hashes: _Hashes, lengths: npt.NDArray[np.int64], words: int) -> tuple[_Hashes, npt.NDArray[np.int64]]:
    """Hash and row of every run of `words` words within a row, rows that are shorter being padded with the hash 0."""
    padded = np.where(lengths > 0, np.maximum(lengths, words), 0)
    rows, ends = np.repeat(np.arange(len(lengths)), padded), np.cumsum(padded)
    flat = np.zeros(int(padded.sum()), dtype=np.uint64)
    flat[np.arange(len(hashes)) + np.repeat(ends - padded - (np.cumsum(lengths) - lengths), lengths)] = hashes
    starts = np.flatnonzero(np.arange(len(flat)) + words <= ends[rows])
    runs = np.zeros(len(starts), dtype=np.uint64)
    for offset in range(words):
        runs = runs * np.uint64(GOLDEN) + flat[starts + offset]
    return _mix(runs), rows[starts]


def _mix(hashes: _Hashes) -> _Hashes:
    """`dedup.hashing.mix` of many."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(MURMUR_A)
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(MURMUR_B)
    mixed: _Hashes = hashes ^ (hashes >> np.uint64(33))
    return mixed
