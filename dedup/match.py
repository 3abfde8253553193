"""Which texts say nearly the same: pairs that share a band, verified by the exact Jaccard similarity of their shingles."""

import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from dedup.verify import candidates, verify

CROWD = 1_000
"""Texts that share a band from which on they are not compared pair by pair."""

_WORTH_THE_KERNEL = 20_000
"""Texts from which on it pays to load the kernel."""

SCHEMA = pl.Schema({"a": pl.Int64, "b": pl.Int64, "jaccard": pl.Float64, "same_numbers": pl.Boolean})


def match(texts: pl.DataFrame, threshold: float, /, *, since: int = 0) -> pl.DataFrame:
    """The pairs (a, b, jaccard, same_numbers) of members, b < a and `since` <= a, sorted, that share a band and reach the threshold.

    `texts` has columns member, number_key, shingles (sorted, distinct) and bands, sorted by member; and may have `apart`, of which two
    are not compared. However many texts share a band, the cost follows the texts and the pairs that are found: in a crowded band two are
    compared only if they share one of their rarest shingles, which every pair that reaches the threshold does.
    """
    if not kernel_is_worth_it(texts):
        return match_by_polars(texts, threshold, since=since)
    return match_by_kernel(texts, threshold, since=since)


def match_by_polars(texts: pl.DataFrame, threshold: float, /, *, since: int = 0) -> pl.DataFrame:
    """`match` without numba: for few texts, and where it is not installed. Quadratic in a crowded band, in blocks that stay small."""
    bands = texts.select("member", pl.col("bands").alias("band")).explode("band").drop_nulls()
    sets = texts.select("member", "number_key", "shingles")
    apart = texts.filter("apart")["member"].implode() if "apart" in texts.columns else pl.Series([[]], dtype=pl.List(pl.Int64))
    both_apart = pl.col("a").is_in(apart) & pl.col("b").is_in(apart)
    found = [verify(block.filter(~both_apart), sets, threshold) for block in candidates(bands, since=since)]
    return pl.concat(found).sort("a", "b") if found else SCHEMA.to_frame()


def match_by_kernel(texts: pl.DataFrame, threshold: float, /, *, since: int = 0, crowd: int = CROWD) -> pl.DataFrame:
    """`match` by numba."""
    from dedup.compiled import read_only
    from dedup.kernel_match import match_sets

    members, numbers = texts["member"], texts["number_key"]
    first = int(members.search_sorted(since))
    (shingles, ends), (bands, band_ends) = (map(read_only, flat(texts[column])) for column in ("shingles", "bands"))
    apart = texts["apart"].to_numpy() if "apart" in texts.columns else np.zeros(texts.height, dtype=np.bool_)
    a, b, similar = match_sets(shingles, ends, bands, band_ends, read_only(apart), first, float(threshold), crowd)
    same = numbers.gather(a) == numbers.gather(b)
    return pl.DataFrame({"a": members.gather(a), "b": members.gather(b), "jaccard": similar, "same_numbers": same}, SCHEMA).sort("a", "b")


def kernel_is_worth_it(texts: pl.DataFrame) -> bool:
    """Also for few texts, where they are a crowd: only the kernel has the guard."""
    return "dedup.kernel_match" in sys.modules or (
        (texts.height >= _WORTH_THE_KERNEL or _has_crowd(texts)) and find_spec("numba") is not None
    )


def _has_crowd(texts: pl.DataFrame) -> bool:
    return texts.height > CROWD and texts["bands"].explode(empty_as_null=False).value_counts().filter(pl.col("count") > CROWD).height > 0


def flat(lists: pl.Series) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """All values one after another, and where each list begins, with the last one's end."""
    ends = np.concatenate([np.zeros(1, dtype=np.int64), lists.list.len().cast(pl.Int64).cum_sum().to_numpy()])
    return lists.explode(empty_as_null=False).to_numpy(), ends
