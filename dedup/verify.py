"""Candidates, and which of them really say the same: pairs of texts that share a band, verified by the exact Jaccard of their shingles."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

_MEETINGS_AT_ONCE = 500_000
_VERIFIED_AT_ONCE = 20_000
_BITS = 1_024


def candidates(bands: pl.DataFrame, /, *, since: int = 0) -> Iterator[pl.DataFrame]:
    """Blocks of distinct pairs (a, b) of members that share a band, b < a and `since` <= a, sorted; no pair is in two blocks.

    `bands` has columns member (Int64) and band (Int64), a row for each band of a member. However crowded a band is, a block is made
    from about half a million meetings, so memory stays flat, and a member is paired with a band mate once, however many bands they share.
    """
    ordered = bands.sort("band", "member").with_columns(pl.int_range(pl.len()).alias("place"))
    mates = ordered.with_columns((pl.col("place") - pl.col("place").min().over("band")).alias("before"))
    mates = mates.filter(pl.col("before") > 0, pl.col("member") >= since).sort("member", "band")
    mates = mates.with_columns(pl.col("before").cum_sum().alias("meetings"))
    block = (pl.col("meetings").last().over("member") // _MEETINGS_AT_ONCE).alias("block")
    members = ordered["member"].to_numpy()
    for part in mates.with_columns(block).partition_by("block", maintain_order=True):
        yield _meetings(part, members)


def _meetings(mates: pl.DataFrame, members: npt.NDArray[np.int64]) -> pl.DataFrame:
    """Each member with the `before` members that stand in front of its place."""
    place, before = mates["place"].to_numpy(), mates["before"].to_numpy()
    places = np.arange(before.sum()) + np.repeat(place - np.cumsum(before), before)
    return pl.DataFrame({"a": np.repeat(mates["member"].to_numpy(), before), "b": members[places]}).unique().sort("a", "b")


def verify(pairs: pl.DataFrame, texts: pl.DataFrame, threshold: float, /) -> pl.DataFrame:
    """The pairs (a, b) at or above the threshold with their exact Jaccard similarity and same_numbers.

    `texts` has columns member, number_key and shingles (sorted, distinct) and holds every member of a pair. Most false candidates end at a
    bound that costs a hundredth of an intersection and never loses a true one.
    """
    ends = pl.concat([pairs["a"], pairs["b"]]).unique()
    involved = texts.filter(pl.col("member").is_in(ends.implode())).sort("member")
    likely = pairs.filter(_bound(pairs, involved) >= threshold)
    parts = [_verify(part, involved, threshold) for part in likely.iter_slices(_VERIFIED_AT_ONCE)]
    return pl.concat(parts) if parts else _verify(likely, involved, threshold)


def _bound(pairs: pl.DataFrame, texts: pl.DataFrame) -> pl.Series:
    """No pair's Jaccard similarity is larger.

    Each set becomes a bitmap, a bit a shingle. A bit that two bitmaps do not share comes from a shingle that the sets do not share, so
    that many shingles at least are in one of them only.
    """
    sizes = texts["shingles"].list.len().to_numpy().astype(np.int64)
    a, b = (np.searchsorted(texts["member"].to_numpy(), pairs[end].to_numpy()) for end in ("a", "b"))
    bitmaps = _bitmaps(texts["shingles"], sizes)
    apart = np.bitwise_count(bitmaps[a] ^ bitmaps[b]).sum(axis=1, dtype=np.int64)
    common = np.minimum((sizes[a] + sizes[b] - apart) // 2, np.minimum(sizes[a], sizes[b]))
    return pl.Series(common / (sizes[a] + sizes[b] - common))


def _bitmaps(shingles: pl.Series, sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    bits = np.zeros((len(shingles), _BITS), dtype=np.bool_)
    bits[np.repeat(np.arange(len(shingles)), sizes), shingles.explode(empty_as_null=False).to_numpy() % _BITS] = True
    return np.packbits(bits, axis=1).view(np.uint64)


def _verify(pairs: pl.DataFrame, texts: pl.DataFrame, threshold: float) -> pl.DataFrame:
    both = pairs.join(texts, left_on="a", right_on="member").join(texts, left_on="b", right_on="member", suffix="_b")
    common = pl.col("shingles").list.set_intersection("shingles_b").list.len().cast(pl.Int64)
    size, size_b = pl.col("shingles").list.len().cast(pl.Int64), pl.col("shingles_b").list.len().cast(pl.Int64)
    same_numbers = (pl.col("number_key") == pl.col("number_key_b")).alias("same_numbers")
    found = both.select("a", "b", (common / (size + size_b - common)).alias("jaccard"), same_numbers)
    return found.filter(pl.col("jaccard") >= threshold)
