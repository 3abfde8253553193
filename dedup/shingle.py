"""Texts as sets of word shingles, hashed to 64 bits.

A word is a run of letters, marks and digits; a symbol is a word of its own, and so is every character of a script that is
written without spaces, which turns word shingles into character shingles there. Case, punctuation, spacing and Unicode form
do not matter. The same text gives the same hashes in every process and version of Polars: hashes are blake2b of the words.
"""

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import polars as pl

NORMALISER = 1
"""Raised whenever the words or the hashes of a text change: an index of another version is rebuilt."""

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = rf"[^\p{{P}}\p{{S}}\p{{Z}}\p{{Cc}}{_SPACELESS}]+|[\p{{S}}{_SPACELESS}]"
_ROWS_AT_ONCE = 8_192

_Words = npt.NDArray[np.uint64]


def normalise(text: pl.Expr, /) -> pl.Expr:
    """Compatibility forms joined, lower case, invisible format characters gone."""
    return text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\p{Cf}+", "")


def shingle(texts: pl.Series, words: int, /) -> pl.Series:
    """The sorted, distinct hashes of each text's runs of `words` words, as List(UInt64). A shorter text is one."""
    parts = [_shingle(part, words) for part in texts.to_frame("text").iter_slices(_ROWS_AT_ONCE)]
    return pl.concat(parts) if parts else pl.Series("shingles", [], dtype=pl.List(pl.UInt64))


def _shingle(texts: pl.DataFrame, words: int) -> pl.Series:
    split = texts.select(normalise(pl.col("text")).str.extract_all(_WORD)).to_series()
    lengths = split.list.len().to_numpy().astype(np.int64)
    hashes, rows = _runs(_hash_words(split.explode(empty_as_null=False)), lengths, words)
    found = pl.DataFrame({"row": rows, "shingles": hashes}).group_by("row").agg(pl.col("shingles").unique().sort())
    every = pl.DataFrame({"row": np.arange(len(lengths), dtype=np.int64)})
    return every.join(found, on="row", how="left", maintain_order="left")["shingles"].fill_null(pl.lit([], dtype=pl.List(pl.UInt64)))


def _hash_words(words: pl.Series) -> _Words:
    """Each distinct word is hashed once: a corpus repeats its words hundreds of times."""
    vocabulary = words.unique()
    digests = b"".join(blake2b(word.encode(), digest_size=8).digest() for word in vocabulary)
    codes = words.cast(pl.Enum(vocabulary)).to_physical().to_numpy()
    hashes: _Words = np.frombuffer(digests, dtype="<u8").astype(np.uint64)[codes]
    return hashes


def _runs(hashes: _Words, lengths: npt.NDArray[np.int64], words: int) -> tuple[_Words, npt.NDArray[np.int64]]:
    """Hash and row of every run of `words` words within a row, rows that are shorter being padded with the hash 0."""
    padded = np.where(lengths > 0, np.maximum(lengths, words), 0)
    rows, ends = np.repeat(np.arange(len(lengths)), padded), np.cumsum(padded)
    flat = np.zeros(int(padded.sum()), dtype=np.uint64)
    flat[np.arange(len(hashes)) + np.repeat(ends - padded - (np.cumsum(lengths) - lengths), lengths)] = hashes
    starts = np.flatnonzero(np.arange(len(flat)) + words <= ends[rows])
    runs = np.zeros(len(starts), dtype=np.uint64)
    for offset in range(words):
        runs = runs * np.uint64(0x9E3779B97F4A7C15) + flat[starts + offset]
    return _mix(runs), rows[starts]


def _mix(hashes: _Words) -> _Words:
    """MurmurHash3's 64-bit finaliser: every bit of a sum reaches the low 32 bits, which the signature reads."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    hashes = (hashes ^ (hashes >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    mixed: _Words = hashes ^ (hashes >> np.uint64(33))
    return mixed
