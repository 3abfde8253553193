"""Which chunk stands for which: the decision over verified pairs, the same whatever the order of arrival."""

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from configs.settings import DedupSettings
from dedup.keep import keep

_NEVER = 1 << 62
_DECIDED = pl.Schema({"chunk_id": pl.String, "representative": pl.String, "jaccard": pl.Float64})

_Access = tuple[frozenset[str], int]
"""Groups and rank of the classification: both must be equal for one chunk to stand for another."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A kept chunk, and what it may stand for."""

    place: int
    chunk_id: str
    purposes: frozenset[str]
    expires_at: int


@dataclass(frozen=True, slots=True)
class _Served:
    """The kept chunks so far, by text, access and purposes. Each list expires later and later: what an earlier one covers is not kept."""

    lists: dict[tuple[str, _Access], dict[frozenset[str], list[_Kept]]] = field(default_factory=dict)

    def keep(self, text_key: str, access: _Access, kept: _Kept, /) -> None:
        self.lists.setdefault((text_key, access), {}).setdefault(kept.purposes, []).append(kept)

    def first_covering(self, text_key: str, access: _Access, itself: _Kept, /) -> _Kept | None:
        found: list[_Kept] = []
        for purposes, kept in self.lists.get((text_key, access), {}).items():
            index = bisect_left(kept, itself.expires_at, key=lambda one: one.expires_at)
            if purposes >= itself.purposes and index < len(kept):
                found.append(kept[index])
        return min(found, key=lambda one: one.place, default=None)


def resolve(chunks: pl.DataFrame, edges: pl.DataFrame, how: DedupSettings, /, crowd: pl.DataFrame | None = None) -> pl.DataFrame:
    """One row a chunk, in the order given: chunk_id, representative and jaccard, both null where the chunk is kept.

    A representative is itself kept, has a verified edge to the chunk (or the same text, jaccard 1.0), the same groups and classification,
    at least its purposes, and expires no earlier: who may read the chunk may read what stands for it. Of several the most similar is named.

    `chunks` are the admitted chunks: chunk_id, text_key, source_priority, date (null comes last), groups, classification (its rank),
    purposes, expires_at (0 means never). `edges` are pairs of text keys: a, b, jaccard, same_numbers; those of other texts are ignored.
    `crowd` are texts (text_key, number_key, shingles, bands) whose edges are found here, as far as the decision needs them. No text in it
    has an edge to one that is not.
    """
    ordered = chunks.sort("source_priority", "date", "chunk_id", nulls_last=True)
    crowded = pl.col("text_key").is_in(crowd["text_key"].implode()) if crowd is not None else pl.lit(False)
    decided = _consider_by_edges(ordered.filter(~crowded), edges, how)
    if crowd is not None and not crowd.is_empty():
        decided = pl.concat([decided, _consider_crowd(ordered.filter(crowded), crowd, how)])
    return chunks.select("chunk_id").join(decided, on="chunk_id", how="left", maintain_order="left")


def _consider_by_edges(ordered: pl.DataFrame, edges: pl.DataFrame, how: DedupSettings) -> pl.DataFrame:
    edges = edges.filter(pl.col("same_numbers")) if how.numbers_differ else edges
    both_ways = pl.concat([edges.select("a", "b", "jaccard"), edges.select(a="b", b="a", jaccard="jaccard")])
    held = ordered.select("text_key").unique()
    both_ways = both_ways.join(held, left_on="a", right_on="text_key", how="semi").join(held, left_on="b", right_on="text_key", how="semi")
    doubtful = ordered.filter(pl.col("text_key").is_duplicated() | pl.col("text_key").is_in(both_ways["a"].unique().implode()))
    return _consider(doubtful, _neighbours(both_ways))


def _neighbours(both_ways: pl.DataFrame) -> dict[str, list[tuple[str, float]]]:
    listed = both_ways.group_by("a").agg("b", "jaccard")
    return {a: list(zip(others, jaccards, strict=True)) for a, others, jaccards in listed.iter_rows()}


def _consider(ordered: pl.DataFrame, neighbours: dict[str, list[tuple[str, float]]]) -> pl.DataFrame:
    served = _Served()
    decided: list[tuple[str, str, float]] = []
    columns = ordered.select("chunk_id", "text_key", "groups", "classification", "purposes", "expires_at")
    for place, (chunk_id, text_key, groups, classification, purposes, expires_at) in enumerate(columns.iter_rows()):
        access = (frozenset(groups), classification)
        itself = _Kept(place, chunk_id, frozenset(purposes), expires_at or _NEVER)
        similar = [(text_key, 1.0), *neighbours.get(text_key, ())]
        found = [(served.first_covering(other, access, itself), jaccard) for other, jaccard in similar]
        covering = [(-jaccard, kept.place, kept.chunk_id) for kept, jaccard in found if kept]
        if covering:
            jaccard, _, representative = min(covering)
            decided.append((chunk_id, representative, -jaccard))
        else:
            served.keep(text_key, access, itself)
    return pl.DataFrame(decided, _DECIDED, orient="row")


def _consider_crowd(ordered: pl.DataFrame, crowd: pl.DataFrame, how: DedupSettings) -> pl.DataFrame:
    """As `_consider`, each chunk being compared with kept ones as its turn comes."""
    terms = ordered.select(pl.col("groups", "purposes").list.unique().list.sort(), "classification")
    kinds = terms.unique().sort("classification", "groups", "purposes").with_row_index("kind")
    of_rows = terms.join(kinds, on=terms.columns, how="left", maintain_order="left")
    rows = ordered.select(
        text=pl.col("text_key").replace_strict(crowd["text_key"], pl.int_range(crowd.height, eager=True), return_dtype=pl.Int64),
        kind=of_rows["kind"].cast(pl.Int64),
        expires_at=pl.when(pl.col("expires_at") == 0).then(_NEVER).otherwise("expires_at"),
    )
    kept = keep(crowd, rows, _covering(kinds), how)
    stood_for = ordered.select("chunk_id").with_columns(representative=ordered["chunk_id"].gather(kept["by"]), jaccard=kept["jaccard"])
    return stood_for.drop_nulls()


def _covering(kinds: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Which kinds of terms (the row) may stand for which others (the column), but for the expiry."""
    covers = np.zeros((kinds.height, kinds.height), dtype=np.bool_)
    pairs = kinds.join(kinds, on=["groups", "classification"], suffix="_of_other")
    wider = pairs.filter(pl.col("purposes_of_other").list.set_difference("purposes").list.len() == 0)
    covers[wider["kind"].to_numpy(), wider["kind_of_other"].to_numpy()] = True
    return covers
