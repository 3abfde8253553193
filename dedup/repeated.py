"""Passages that stand in many documents: headers, footers, notices and licences."""

import polars as pl

from dedup.characters import normalise

SCHEMA = pl.Schema({"passage": pl.String, "documents": pl.Int64, "times": pl.Int64, "words": pl.Int64})


def find_repeated(passages: pl.DataFrame, least: int, /) -> pl.DataFrame:
    """Passages that at least so many documents have: passage (as one writes it), documents, times and words, the most widespread first.

    `passages` has columns document_id and text, a row for each passage of a document. Two are the same if their words are; case,
    punctuation and spacing do not matter, and any number stands for any other, so that the foot of a page is found whatever page it is.
    """
    return merge_repeated(count_passages(passages)).filter(pl.col("documents") >= least)


def count_passages(passages: pl.DataFrame, /) -> pl.DataFrame:
    """What `merge_repeated` adds up: key, passage, documents, times and words, of documents that no other part has."""
    words = normalise(pl.col("text")).str.replace_all(r"\p{N}+", "0").str.replace_all(r"[\p{P}\p{Z}\p{Cc}]+", " ").str.strip_chars()
    keyed = passages.select("document_id", "text", key=words).filter(pl.col("key") != "")
    return keyed.group_by("key").agg(
        passage=pl.col("text").min(),
        documents=pl.col("document_id").n_unique().cast(pl.Int64),
        times=pl.len().cast(pl.Int64),
        words=(pl.col("key").first().str.count_matches(" ", literal=True) + 1).cast(pl.Int64),
    )


def merge_repeated(counted: pl.DataFrame, /) -> pl.DataFrame:
    """Counts of several parts as one, sorted."""
    merged = counted.group_by("key").agg(pl.col("passage").min(), pl.col("documents", "times").sum(), pl.col("words").first())
    return merged.select(list(SCHEMA)).sort("documents", "words", "passage", descending=[True, True, False])
