from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import DedupSettings
from dedup.resolve import resolve

HOW = DedupSettings()
CHUNKS = {
    "chunk_id": pl.String,
    "document_id": pl.String,
    "text_key": pl.String,
    "source_priority": pl.Int64,
    "date": pl.Int64,
    "groups": pl.List(pl.String),
    "classification": pl.Int64,
    "purposes": pl.List(pl.String),
    "expires_at": pl.Int64,
}
EDGES = {"a": pl.String, "b": pl.String, "jaccard": pl.Float64, "same_numbers": pl.Boolean}


def _chunk(chunk_id: str, text_key: str, **terms: Any) -> dict[str, Any]:
    plain = {"document_id": f"d{chunk_id}", "source_priority": 0, "date": None, "groups": [], "classification": 0}
    return {"chunk_id": chunk_id, "text_key": text_key, **plain, "purposes": ["retrieval"], "expires_at": 0, **terms}


def _frame(chunks: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(chunks, CHUNKS)


def _edges(*rows: tuple[str, str, float, bool]) -> pl.DataFrame:
    return pl.DataFrame(rows, EDGES, orient="row")


def _redundant(chunks: list[dict[str, Any]], *edges: tuple[str, str, float, bool], how: DedupSettings = HOW) -> dict[str, str]:
    decided = resolve(_frame(chunks), _edges(*edges), how)
    assert decided["chunk_id"].to_list() == [chunk["chunk_id"] for chunk in chunks]
    return {chunk: kept for chunk, kept, _ in decided.drop_nulls("representative").iter_rows()}


def test_equal_texts_are_served_once_and_the_one_of_the_better_source_stays() -> None:
    chunks = [_chunk("1", "t", source_priority=2), _chunk("2", "t", source_priority=1), _chunk("3", "u")]
    assert _redundant(chunks) == {"1": "2"}


def test_the_earlier_declared_date_stays_and_an_undated_chunk_comes_last() -> None:
    assert _redundant([_chunk("1", "t"), _chunk("2", "t", date=20), _chunk("3", "t", date=10)]) == {"1": "3", "2": "3"}


def test_a_near_duplicate_stands_for_another_with_its_jaccard_and_the_nearest_is_named() -> None:
    chunks = _frame([_chunk("1", "t"), _chunk("2", "u"), _chunk("3", "v")])
    decided = resolve(chunks, _edges(("t", "v", 0.8, True), ("u", "v", 0.9, True)), HOW)
    assert decided.row(2) == ("3", "2", 0.9)


def test_similarity_is_not_handed_on_through_a_redundant_chunk() -> None:
    assert _redundant([_chunk("1", "t"), _chunk("2", "u"), _chunk("3", "v")], ("t", "u", 0.8, True), ("u", "v", 0.8, True)) == {"2": "1"}


def test_near_duplicates_that_differ_in_a_number_are_both_served_unless_set_otherwise() -> None:
    chunks, edge = [_chunk("1", "t"), _chunk("2", "u")], ("t", "u", 0.95, False)
    assert _redundant(chunks, edge) == {}
    assert _redundant(chunks, edge, how=HOW.model_copy(update={"numbers_differ": False})) == {"2": "1"}


@pytest.mark.parametrize(
    ("first", "second", "covered"),
    [
        ({"groups": ["hr"]}, {}, False),
        ({}, {"groups": ["hr"]}, False),
        ({"groups": ["hr", "legal"]}, {"groups": ["legal", "hr", "hr"]}, True),
        ({"classification": 1}, {"classification": 0}, False),
        ({"classification": 0}, {"classification": 1}, False),
        ({"purposes": ["retrieval", "training"]}, {"purposes": ["retrieval"]}, True),
        ({"purposes": ["retrieval"]}, {"purposes": ["retrieval", "training"]}, False),
        ({"expires_at": 0}, {"expires_at": 50}, True),
        ({"expires_at": 50}, {"expires_at": 0}, False),
        ({"expires_at": 50}, {"expires_at": 50}, True),
        ({"expires_at": 49}, {"expires_at": 50}, False),
    ],
)
def test_only_a_chunk_whose_terms_cover_anothers_stands_for_it(first: dict[str, Any], second: dict[str, Any], covered: bool) -> None:
    chunks = [_chunk("1", "t", **first), _chunk("2", "t", **second)]
    assert _redundant(chunks) == ({"2": "1"} if covered else {})


def test_edges_of_texts_that_are_not_admitted_are_ignored() -> None:
    assert _redundant([_chunk("1", "t")], ("t", "refused", 0.9, True)) == {}


def test_nothing_in_gives_nothing_out() -> None:
    assert resolve(_frame([]), _edges(), HOW).schema == {"chunk_id": pl.String, "representative": pl.String, "jaccard": pl.Float64}


TEXTS = ["t", "u", "v", "w"]
SOME_CHUNKS = st.lists(
    st.builds(
        lambda number, **terms: _chunk(f"{number:02}", **terms),
        st.integers(0, 99),
        text_key=st.sampled_from(TEXTS),
        source_priority=st.integers(0, 1),
        date=st.none() | st.integers(0, 2),
        groups=st.sampled_from([[], ["hr"], ["hr", "it"], ["it", "hr"]]),
        classification=st.integers(0, 1),
        purposes=st.sampled_from([["retrieval"], ["training"], ["retrieval", "training"]]),
        expires_at=st.integers(0, 3),
    ),
    max_size=14,
    unique_by=lambda chunk: chunk["chunk_id"],
)
SOME_EDGES = st.lists(
    st.tuples(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.sampled_from([0.7, 0.8, 0.9]), st.booleans()).filter(
        lambda edge: edge[0] < edge[1]
    ),
    max_size=6,
    unique_by=lambda edge: edge[:2],
)


def _covers(kept: dict[str, Any], chunk: dict[str, Any]) -> bool:
    lasts = kept["expires_at"] == 0 or 0 < chunk["expires_at"] <= kept["expires_at"]
    same = set(kept["groups"]) == set(chunk["groups"]) and kept["classification"] == chunk["classification"]
    return same and lasts and set(kept["purposes"]) >= set(chunk["purposes"])


def _by_the_book(chunks: list[dict[str, Any]], edges: list[tuple[str, str, float, bool]]) -> dict[str, tuple[str, float]]:
    """The rule as the design words it, one chunk after another, every kept one looked at."""
    similar = {(text, text): 1.0 for text in TEXTS} | {pair: j for a, b, j, same in edges if same for pair in ((a, b), (b, a))}
    kept: list[dict[str, Any]] = []
    redundant = {}
    for chunk in sorted(chunks, key=lambda c: (c["source_priority"], c["date"] is None, c["date"] or 0, c["chunk_id"])):
        near = [
            (-similar[pair], place, k["chunk_id"])
            for place, k in enumerate(kept)
            if (pair := (k["text_key"], chunk["text_key"])) in similar and _covers(k, chunk)
        ]
        if near:
            redundant[chunk["chunk_id"]] = (min(near)[2], -min(near)[0])
        else:
            kept.append(chunk)
    return redundant


@given(SOME_CHUNKS, SOME_EDGES)
@settings(deadline=None, max_examples=250)
def test_the_decision_is_the_rule_by_the_book(chunks: list[dict[str, Any]], edges: list[tuple[str, str, float, bool]]) -> None:
    decided = resolve(_frame(chunks), _edges(*edges), HOW)
    found = {chunk: (kept, jaccard) for chunk, kept, jaccard in decided.iter_rows() if kept}
    assert found == _by_the_book(chunks, edges)


@given(SOME_CHUNKS, SOME_EDGES, st.randoms())
@settings(deadline=None, max_examples=100)
def test_order_of_arrival_does_not_matter(chunks: list[dict[str, Any]], edges: list[tuple[str, str, float, bool]], random: Any) -> None:
    decided = resolve(_frame(chunks), _edges(*edges), HOW).sort("chunk_id")
    random.shuffle(chunks)
    turned = [(b, a, jaccard, same) for a, b, jaccard, same in random.sample(edges, len(edges))]
    assert decided.equals(resolve(_frame(chunks), _edges(*turned), HOW).sort("chunk_id"))


@given(SOME_CHUNKS, SOME_EDGES)
@settings(deadline=None, max_examples=100)
def test_every_text_stays_readable_for_all_who_could_read_a_copy_of_it(
    chunks: list[dict[str, Any]], edges: list[tuple[str, str, float, bool]]
) -> None:
    """Never redundant against a chunk that a reader of the redundant one may not see, for a purpose or at a time that it was held for."""
    by_id = {chunk["chunk_id"]: chunk for chunk in chunks}
    decided = dict(resolve(_frame(chunks), _edges(*edges), HOW).select("chunk_id", "representative").iter_rows())
    for chunk_id, representative in decided.items():
        if representative:
            assert decided[representative] is None
            assert _covers(by_id[representative], by_id[chunk_id])
