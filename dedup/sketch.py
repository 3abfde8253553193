"""What the search for duplicates needs to know of a text, and the fingerprints of how that was made."""

import numpy as np
import polars as pl

from configs.settings import DedupSettings
from contracts.ids import fingerprint
from dedup.minhash import SCHEME, SEED, band, sign
from dedup.numbers import NUMBERS, number_keys
from dedup.shingle import NORMALISER, shingle


def sketch(texts: pl.Series, how: DedupSettings, /) -> pl.DataFrame:
    """One row a text, in order: number_key (Int64), shingles (List(UInt64), sorted) and bands (List(Int64)).

    A text without words has no bands. Where numbers must not differ, the number key is mixed into every band:
    ten thousand invoices that differ in a date never meet.
    """
    shingles, numbers = shingle(texts, how.shingle_words), number_keys(texts)
    bands = band(sign(shingles, how.bands * how.rows), how.bands)
    if how.numbers_differ:
        bands = bands ^ numbers.to_numpy()[:, np.newaxis]
    table = pl.DataFrame({"number_key": numbers, "shingles": shingles, "bands": pl.Series(bands, dtype=pl.Array(pl.Int64, how.bands))})
    wordless = pl.col("shingles").list.len() == 0
    return table.with_columns(
        pl.when(wordless).then(pl.lit([], dtype=pl.List(pl.Int64))).otherwise(pl.col("bands").arr.to_list()).alias("bands")
    )


def sketch_fingerprint(how: DedupSettings, /) -> str:
    """Changes whenever sketches or verified pairs may: an index made under another one cannot be used."""
    made_by = {"scheme": SCHEME, "seed": SEED, "normaliser": NORMALISER, "numbers": NUMBERS}
    return fingerprint("sketch", **made_by, **how.model_dump(mode="json"))
