"""Duplicates in any Polars frame, without a workspace: for notebooks, and the reference that the incremental index is held to."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from configs.settings import DedupSettings
from contracts.errors import UsageError
from dedup.keep import keep
from dedup.match import match
from dedup.sketch import sketch


def find_duplicates(
    frame: pl.DataFrame, how: DedupSettings | None = None, /, *, id: str = "id", text: str = "text", by: Sequence[str] = ()
) -> pl.DataFrame:
    """One row a text, in the order given: id, duplicate_of (an id, null where the text is kept) and jaccard, null likewise.

    A text is kept unless it has a verified pair with one that is kept and comes before it, in the order of the columns `by`, then of the
    ids. So every text is kept or near to a kept one, no two kept ones are near, and neither the order of the rows nor the number of
    copies matters; of several kept ones the most similar is named. A text without words is a duplicate only of the very same text.

    Pairs at or above `how.threshold` are found with the probability that `find_near_duplicates` states. Memory is that of the texts and
    twice again; for more than fits, a workspace compares in batches.
    """
    how = how or DedupSettings()
    _refuse_unusable("find_duplicates", frame, id, text, by)
    order = [pl.col(column).alias(f"by {column}") for column in by]
    ordered = frame.select(pl.col(id).alias("id"), pl.col(text).alias("text"), *order).sort(pl.exclude("id", "text"), "id", nulls_last=True)
    members = _members(ordered["text"], how)
    alike = pl.DataFrame({"text": members["member"]}).with_columns(kind=pl.lit(0, pl.Int64), expires_at=pl.lit(0, pl.Int64))
    best = keep(members, alike, np.ones((1, 1), dtype=np.bool_), how).select(a=members["member"], b="by", jaccard="jaccard")
    wordless = members.select("member", text=ordered["text"]).filter(members["bands"].list.len() == 0)
    same = wordless.select(a="member", b=pl.col("member").first().over("text"), jaccard=pl.lit(1.0)).filter(pl.col("a") > pl.col("b"))
    found = pl.concat([best.drop_nulls(), same])
    ids = ordered["id"]
    named = found.select(ids.gather(found["a"]).alias("id"), ids.gather(found["b"]).alias("duplicate_of"), "jaccard")
    return frame.select(pl.col(id).alias("id")).join(named, on="id", how="left", maintain_order="left").rename({"id": id})


def find_near_duplicates(frame: pl.DataFrame, how: DedupSettings | None = None, /, *, id: str = "id", text: str = "text") -> pl.DataFrame:
    """Verified pairs as (a, b, jaccard, same_numbers), sorted, a and b being ids and a < b. No pair below the threshold is among them.

    Pairs above it are found with the probability 1 - (1 - jaccard^rows)^bands: by default 0.990 at 0.7, 0.9989 at 0.75, 0.99995 at 0.8.
    Where `how.numbers_differ` is on, the default, pairs that differ in a number are not reported.
    """
    how = how or DedupSettings()
    _refuse_unusable("find_near_duplicates", frame, id, text)
    ordered = frame.select(id, text).sort(id)
    pairs, ids = match(_members(ordered[text], how), how.threshold), ordered[id]
    named = pairs.select(ids.gather(pairs["b"]).alias("a"), ids.gather(pairs["a"]).alias("b"), "jaccard", "same_numbers")
    return named.sort("a", "b")


def _members(texts: pl.Series, how: DedupSettings) -> pl.DataFrame:
    return sketch(texts, how).with_columns(pl.int_range(pl.len()).alias("member"))


def _refuse_unusable(verb: str, frame: pl.DataFrame, id: str, text: str, by: Sequence[str] = ()) -> None:
    for column in (id, text, *by):
        if column not in frame.columns:
            raise UsageError(f'{verb}: there is no column "{column}" among {frame.columns}. Name yours with id= and text=.')
    for column in (id, text):
        if nulls := frame[column].null_count():
            raise UsageError(f'{verb}: column "{column}" is null in {nulls} rows. Drop them with frame.drop_nulls("{column}").')
    if frame[text].dtype != pl.String:
        raise UsageError(f'{verb}: column "{text}" is {frame[text].dtype} and not String. Name the text with text=.')
    if repeated := frame.height - frame[id].n_unique():
        raise UsageError(f'{verb}: column "{id}" repeats itself in {repeated} rows. Ids must be unique.')
