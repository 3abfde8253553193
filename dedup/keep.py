"""Which rows are kept where they are considered one after another, and which kept one stands for each of the others."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt
import polars as pl

from configs.settings import DedupSettings
from dedup.match import CROWD, flat, kernel_is_worth_it

SCHEMA = pl.Schema({"by": pl.Int64, "jaccard": pl.Float64})

_Covers = npt.NDArray[np.bool_]


def keep(texts: pl.DataFrame, rows: pl.DataFrame, covers: _Covers, how: DedupSettings, /) -> pl.DataFrame:
    """For each row, in the order given: `by`, the number of the kept row that stands for it, and `jaccard`; both null where it is kept.

    A row is kept unless one that is kept comes before it, shares a band with it, reaches the threshold, covers its terms and, where numbers
    must not differ, has its number key. Of several the most similar one stands for it, of equally similar ones the first. No text is
    compared with one that is not kept, so the cost follows the rows however many of them say nearly the same.

    `texts` has columns number_key, shingles (sorted, distinct) and bands; `rows` has text (its number in `texts`), kind and expires_at: one
    of kind k covers another of kind l if `covers[k, l]` and it expires no earlier.
    """
    made_by = keep_by_kernel if kernel_is_worth_it(texts) else keep_by_python
    return made_by(texts, rows, covers, how)


def keep_by_python(texts: pl.DataFrame, rows: pl.DataFrame, covers: _Covers, how: DedupSettings, /) -> pl.DataFrame:
    """`keep` without numba: quadratic where many texts that do not say the same share a band."""
    bands, numbers, shingles = texts["bands"].to_list(), _numbers(texts, how).to_list(), texts["shingles"]
    kept: dict[int, list[tuple[int, int, int]]] = {}
    sets: dict[int, frozenset[int]] = {}
    by_band: dict[int, list[int]] = defaultdict(list)
    decided: list[tuple[int | None, float | None]] = []
    for row, (text, kind, expires_at) in enumerate(rows.select("text", "kind", "expires_at").iter_rows()):
        own = sets.get(text) or frozenset(shingles[text])
        found = []
        for mate in {mate for band in bands[text] for mate in by_band[band] if numbers[mate] == numbers[text]}:
            covering = (other for other, of_kind, until in kept[mate] if covers[of_kind, kind] and until >= expires_at)
            first = next(covering, None)
            if first is not None and (jaccard := len(own & sets[mate]) / len(own | sets[mate])) >= how.threshold:
                found.append((-jaccard, first))
        if found:
            similar, by = min(found)
            decided.append((by, -similar))
            continue
        decided.append((None, None))
        if text not in kept:
            kept[text], sets[text] = [], own
            for band in bands[text]:
                by_band[band].append(text)
        kept[text].append((row, kind, expires_at))
    return pl.DataFrame(decided, SCHEMA, orient="row")


def keep_by_kernel(texts: pl.DataFrame, rows: pl.DataFrame, covers: _Covers, how: DedupSettings, /, *, crowd: int = CROWD) -> pl.DataFrame:
    """`keep` by numba."""
    from dedup.compiled import read_only
    from dedup.kernel_keep import keep_sets

    (shingles, ends), (bands, band_ends) = (map(read_only, flat(texts[column])) for column in ("shingles", "bands"))
    places, kinds, expires = (read_only(rows[column].to_numpy()) for column in ("text", "kind", "expires_at"))
    numbers = read_only(_numbers(texts, how).to_numpy())
    by, jaccard = keep_sets(
        shingles, ends, bands, band_ends, numbers, places, kinds, expires, read_only(covers), float(how.threshold), crowd
    )
    stands = pl.col("by") >= 0
    return pl.DataFrame({"by": by, "jaccard": jaccard}, SCHEMA).select(pl.when(stands).then(name).alias(name) for name in SCHEMA)


def _numbers(texts: pl.DataFrame, how: DedupSettings) -> pl.Series:
    return texts["number_key"] if how.numbers_differ else pl.zeros(texts.height, pl.Int64, eager=True)
