"""Which documents say some words: read through, bucket by bucket, with no index and no model in between."""

import polars as pl

from chunking.normalise import normalise
from contracts.errors import UsageError
from flows.workspace import Workspace

_GAP = "\n\n"


def find_phrase(workspace: Workspace, words: str, /) -> set[str]:
    """The documents whose text has these words in this order, served or not, from one element into the next too.

    Case, Unicode form, white space and punctuation do not matter, as `chunking.normalise` has it; a word is found as a whole word alone.
    Read are all elements that were found, those that cleaning dropped included, and what is still served of an older version.
    File names and stated titles are not read. UsageError where there is no word to look for.
    """
    phrase = normal_form(words)
    found: set[str] = set()
    for bucket in range(workspace.settings.stores.buckets):
        elements = workspace.lake.elements.read(buckets=[bucket], columns=["document_id", "version_id", "ordinal", "text"])
        chunks = workspace.lake.chunks.read(
            buckets=[bucket], columns=["document_id", "version_id", "ordinal", "text", "char_start", "char_end"]
        )
        for parts in (elements, _without_overlap(chunks)):
            whole = parts.group_by("document_id", "version_id").agg(pl.col("text").sort_by("ordinal").str.join(_GAP))
            said = pl.lit(" ") + normalise(pl.col("text")) + pl.lit(" ")
            found.update(whole.filter(said.str.contains(f" {phrase} ", literal=True))["document_id"])
    return found


def normal_form(words: str, /) -> str:
    """The words as they are compared. UsageError if there is none."""
    form: str = pl.select(normalise(pl.lit(words))).item()
    if not any(character.isalnum() for character in form):
        raise UsageError("erase --query: no word to look for. Give the words as they stand in the texts")
    return form


def _without_overlap(chunks: pl.DataFrame) -> pl.DataFrame:
    """Chunks of which each begins where the one before it ended, so that no words stand between two that follow each other."""
    before = pl.col("char_end").cum_max().shift(1).over("document_id", "version_id", order_by="ordinal").fill_null(0)
    return chunks.with_columns(pl.col("text").str.slice((before - pl.col("char_start")).clip(0)))
