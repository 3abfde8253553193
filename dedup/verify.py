"""Candidates, and which of them really say the same: pairs of texts that share a band, verified by the exact Jaccard of their shingles."""

from collections.abc import Iterator

import polars as pl

_PAIRS_AT_ONCE = 1_000_000
_VERIFIED_AT_ONCE = 20_000


def candidates(new: pl.DataFrame, known: pl.DataFrame, /) -> Iterator[pl.DataFrame]:
    """Blocks of distinct pairs (a, b), a in `new`, b in `known`, b < a, that share a band; no pair is in two blocks.

    Both frames have columns member (Int64) and band (Int64), and `known` holds `new` too. However crowded a band is, a block joins
    about a million rows, so memory stays flat; each new member meets a band mate once, however many bands they share.
    """
    mates = known.group_by("band").agg(pl.len().alias("mates")).filter(pl.col("mates") > 1)
    crowded = new.join(mates, on="band").sort("member").with_columns(pl.col("mates").cast(pl.Int64).cum_sum().alias("rows"))
    crowded = crowded.with_columns((pl.col("rows").max().over("member") // _PAIRS_AT_ONCE).alias("block"))
    known = known.join(mates, on="band", how="semi").rename({"member": "b"})
    for block in crowded.partition_by("block", maintain_order=True):
        met = block.select(pl.col("member").alias("a"), "band").join(known, on="band").filter(pl.col("b") < pl.col("a"))
        yield met.select("a", "b").unique().sort("a", "b")


def verify(pairs: pl.DataFrame, texts: pl.DataFrame, threshold: float, /) -> pl.DataFrame:
    """The pairs (a, b) at or above the threshold with their exact Jaccard similarity and same_numbers.

    `texts` has columns member, number_key and shingles (sorted, distinct) and holds every member of a pair.
    """
    parts = [_verify(part, texts, threshold) for part in pairs.iter_slices(_VERIFIED_AT_ONCE)]
    return pl.concat(parts) if parts else _verify(pairs, texts, threshold)


def _verify(pairs: pl.DataFrame, texts: pl.DataFrame, threshold: float) -> pl.DataFrame:
    both = pairs.join(texts, left_on="a", right_on="member").join(texts, left_on="b", right_on="member", suffix="_b")
    size, size_b = pl.col("shingles").list.len(), pl.col("shingles_b").list.len()
    # No intersection is larger than the smaller set: most false candidates end here, exactly.
    both = both.filter(pl.min_horizontal(size, size_b) / pl.max_horizontal(size, size_b) >= threshold)
    both = both.with_columns(pl.col("shingles").list.set_intersection("shingles_b").list.len().cast(pl.Int64).alias("common"))
    jaccard = pl.col("common") / (size.cast(pl.Int64) + size_b.cast(pl.Int64) - pl.col("common"))
    both = both.select("a", "b", jaccard.alias("jaccard"), (pl.col("number_key") == pl.col("number_key_b")).alias("same_numbers"))
    return both.filter(pl.col("jaccard") >= threshold)
