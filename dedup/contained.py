"""Texts of which another is a superset: a chapter beside the book, a draft beside the version that grew."""

import polars as pl

_TEXTS_AT_ONCE = 500

SCHEMA = pl.Schema({"inner": pl.Int64, "outer": pl.Int64, "containment": pl.Float64})


def find_contained(texts: pl.DataFrame, least: float, /) -> pl.DataFrame:
    """Pairs (inner, outer, containment) of members of which the outer has at least this share of the inner's shingles, sorted.

    `texts` has columns member and shingles (distinct), as `sketch` gives them. The inner has fewer shingles, or as many and the greater
    member. Every such pair is found: if at most m of a set's shingles are missing in another, one of its m + 1 rarest is there.
    """
    sizes = texts.select("member", size=pl.col("shingles").list.len().cast(pl.Int64))
    sets = texts.select("member", pl.col("shingles").alias("shingle")).explode("shingle").drop_nulls()
    found = [_compare(block, sets, sizes, least) for block in _rarest(sets, sizes, least)]
    return pl.concat([SCHEMA.to_frame(), *found]).sort("inner", "outer")


def _rarest(sets: pl.DataFrame, sizes: pl.DataFrame, least: float) -> list[pl.DataFrame]:
    """Each text's rarest shingles, one of which is shared, in blocks of some texts."""
    ordered = sets.with_columns(pl.len().over("shingle").alias("seen")).join(sizes, on="member").sort("member", "seen", "shingle")
    # One more than is needed, lest a share that is no exact number round the wrong way.
    enough = pl.col("size") - (least * pl.col("size")).floor().cast(pl.Int64) + 1
    rarest = ordered.filter(pl.int_range(pl.len()).over("member") < enough)
    numbered = rarest.with_columns((pl.col("member").rank("dense") // _TEXTS_AT_ONCE).alias("block"))
    return numbered.select("block", "member", "shingle", "size").partition_by("block", include_key=False)


def _compare(rarest: pl.DataFrame, sets: pl.DataFrame, sizes: pl.DataFrame, least: float) -> pl.DataFrame:
    """The pairs of one block, counted out."""
    outers = sets.join(sizes, on="member").rename({"member": "outer", "size": "outer_size"})
    smaller = (pl.col("size") < pl.col("outer_size")) | ((pl.col("size") == pl.col("outer_size")) & (pl.col("member") > pl.col("outer")))
    pairs = rarest.join(outers, on="shingle").filter(smaller).select(pl.col("member").alias("inner"), "outer", "size").unique()
    of_inner = pairs.join(sets, left_on="inner", right_on="member")
    common = of_inner.join(sets, left_on=["outer", "shingle"], right_on=["member", "shingle"], how="semi")
    counted = common.group_by("inner", "outer").agg((pl.len() / pl.col("size").first()).alias("containment"))
    return counted.filter(pl.col("containment") >= least)
