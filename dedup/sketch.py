"""What the search for duplicates needs to know of a text, and the fingerprints of how that was made."""

import sys
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

from configs.settings import DedupSettings
from contracts.ids import fingerprint
from dedup.characters import Entries, characters, normalise
from dedup.hashing import hash_word
from dedup.minhash import SCHEME, SEED, band, draw_permutations, sign
from dedup.numbers import NUMBERS, number_keys, number_words
from dedup.shingle import NORMALISER, shingle

_ROWS_AT_ONCE = 2_048
"""What they become stays in the processor's cache; measured best among 512 to 32,768."""
_WORTH_THE_KERNEL = 4_000_000
"""Bytes of text that take about as long without the kernel as it takes to load it."""

_Integers = npt.NDArray[np.int64]
SCHEMA = pl.Schema((("number_key", pl.Int64()), ("shingles", pl.List(pl.UInt64)), ("bands", pl.List(pl.Int64))))


def sketch(texts: pl.Series, how: DedupSettings, /, *, seed: int = SEED) -> pl.DataFrame:
    """One row a text, in order: number_key (Int64), shingles (List(UInt64), sorted) and bands (List(Int64)).

    A text without words has no bands. Where numbers must not differ, the number key is mixed into every band:
    ten thousand invoices that differ in a date never meet. Made by machine code where there is enough to do, with the same bits.
    """
    made_by = sketch_by_kernel if _kernel_is_worth_it(texts) else sketch_by_numpy
    parts = [made_by(part["text"], how, seed=seed) for part in texts.to_frame("text").iter_slices(_ROWS_AT_ONCE)]
    return pl.concat(parts) if parts else SCHEMA.to_frame()


def sketch_fingerprint(how: DedupSettings, /) -> str:
    """Changes whenever sketches or verified pairs may: an index made under another one cannot be used."""
    made_by = {"scheme": SCHEME, "seed": SEED, "normaliser": NORMALISER, "numbers": NUMBERS}
    settings = how.model_dump(mode="json", exclude={"recall", "bands", "rows"})
    return fingerprint("sketch", **made_by, **settings, **asdict(how.banding()))


def sketch_by_numpy(texts: pl.Series, how: DedupSettings, /, *, seed: int = SEED) -> pl.DataFrame:
    """`sketch` without numba: for few texts, and where it is not installed."""
    shingles, numbers = shingle(texts, how.shingle_words), number_keys(texts)
    banding = how.banding()
    bands = band(sign(shingles, banding.bands * banding.rows, seed=seed), banding.bands)
    if how.numbers_differ:
        bands = bands ^ numbers.to_numpy()[:, np.newaxis]
    worded = (shingles.list.len() > 0).to_numpy()
    return _table(numbers.to_numpy(), shingles, bands, worded)


def sketch_by_kernel(texts: pl.Series, how: DedupSettings, /, *, seed: int = SEED) -> pl.DataFrame:
    """`sketch` by numba. A text with characters that depend on their neighbours is normalised first; for others a table does."""
    made = run_kernel(texts, how, characters().raw, seed)
    dependent = np.flatnonzero(made.lengths < 0)
    if len(dependent):
        plain = texts.gather(dependent).to_frame("text").select(normalise(pl.col("text"))).to_series()
        made = _put_in(made, dependent, run_kernel(plain, how, characters().normal, seed))
    return _table(made.numbers, listed(made.shingles, made.lengths), made.bands, made.lengths > 0)


@dataclass(frozen=True, slots=True)
class Made:
    """What the kernel makes of texts. A length of -1 stands for a text that has to be normalised first."""

    numbers: _Integers
    shingles: npt.NDArray[np.uint64]
    lengths: _Integers
    bands: _Integers


def run_kernel(texts: pl.Series, how: DedupSettings, table: Entries, seed: int, /) -> Made:
    """By one of the tables of `characters`."""
    from dedup.compiled import read_only
    from dedup.kernel import sketch_bytes

    (data, starts), banding = _bytes(texts), how.banding()
    bands, numbers = np.zeros((len(texts), banding.bands), dtype=np.int64), np.zeros(len(texts), dtype=np.int64)
    lengths = np.zeros(len(texts), dtype=np.int64)
    a, b = draw_permutations(banding.bands * banding.rows, seed)
    texts_read, slots = (read_only(data), read_only(starts), read_only(table)), read_only(_number_slots())
    hashes = how.shingle_words, read_only(a), read_only(b), how.numbers_differ
    flat = sketch_bytes(*texts_read, slots, *hashes, bands, numbers, lengths)
    return Made(numbers, flat, lengths, bands)


def _put_in(made: Made, rows: _Integers, others: Made) -> Made:
    """With the others in the place of these rows, which had no shingles."""
    ends = np.cumsum(np.maximum(made.lengths, 0))
    pieces = np.split(made.shingles, ends[rows])
    theirs = np.split(others.shingles, np.cumsum(others.lengths)[:-1])
    merged = [piece for pair in zip(pieces, theirs, strict=False) for piece in pair]
    made.numbers[rows], made.lengths[rows], made.bands[rows] = others.numbers, others.lengths, others.bands
    return Made(made.numbers, np.concatenate([*merged, pieces[-1]]), made.lengths, made.bands)


def _kernel_is_worth_it(texts: pl.Series) -> bool:
    loaded = "dedup.kernel" in sys.modules
    return loaded or (int(texts.str.len_bytes().sum()) >= _WORTH_THE_KERNEL and find_spec("numba") is not None)


def _bytes(texts: pl.Series) -> tuple[npt.NDArray[np.uint8], _Integers]:
    """All texts' bytes one after another, and where each begins, with the last one's end."""
    array = texts.rechunk().to_arrow().cast(pa.large_string())
    _, ends, data = array.buffers()
    places = np.frombuffer(ends, dtype=np.int64)[array.offset : array.offset + len(array) + 1]
    held = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    return held[places[0] : places[-1]], places - places[0]


@cache
def _number_slots() -> npt.NDArray[np.uint64]:
    """The hashes of number words, each in the first free slot from its own on."""
    slots = np.zeros(1_024, dtype=np.uint64)
    for hashed in sorted(map(hash_word, number_words())):
        slot = hashed % len(slots)
        while slots[slot]:
            slot = (slot + 1) % len(slots)
        slots[slot] = hashed
    return slots


def _table(numbers: _Integers, shingles: pl.Series, bands: _Integers, worded: npt.NDArray[np.bool_]) -> pl.DataFrame:
    lists = listed(bands[worded].ravel(), worded * np.int64(bands.shape[1]))
    return pl.DataFrame({"number_key": numbers, "shingles": shingles, "bands": lists}, schema=SCHEMA)


def listed(values: npt.NDArray[Any], lengths: _Integers, /) -> pl.Series:
    """Lists of these lengths, one after another, of the values."""
    ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    lists = pl.from_arrow(pa.LargeListArray.from_arrays(ends, values))
    assert isinstance(lists, pl.Series)
    return lists
