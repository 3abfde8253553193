"""Documents within documents, and passages of many."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.contained import find_contained
from dedup.repeated import count_passages, find_repeated, merge_repeated

SETS = st.lists(st.sets(st.integers(0, 30), max_size=16), max_size=9)


@given(SETS, st.sampled_from([0.1, 0.5, 0.7, 0.9, 1.0]))
@settings(deadline=None, max_examples=80)
def test_what_is_contained_is_what_comparing_every_pair_finds(sets: list[set[int]], least: float) -> None:
    schema = {"member": pl.Int64, "shingles": pl.List(pl.UInt64)}
    texts = pl.DataFrame([(place, sorted(each)) for place, each in enumerate(sets)], schema, orient="row")
    expected = []
    for inner, one in enumerate(sets):
        for outer, other in enumerate(sets):
            smaller = (len(one), -inner) < (len(other), -outer)
            if one and smaller and len(one & other) / len(one) >= least:
                expected.append((inner, outer, len(one & other) / len(one)))
    assert find_contained(texts, least).rows() == sorted(expected)


def test_a_foot_is_the_same_whatever_page_it_stands_on() -> None:
    feet = [
        ("a", "Page 3 of 12 – Works Council"),
        ("a", "Page 4 of 12 – Works Council"),
        ("b", "PAGE 1 OF 9, works council."),
        ("b", "Once"),
    ]
    found = find_repeated(pl.DataFrame(feet, ["document_id", "text"], orient="row"), 2)
    assert found.rows(named=True) == [{"passage": "PAGE 1 OF 9, works council.", "documents": 2, "times": 3, "words": 6}]


@pytest.mark.parametrize("text", ["", "...", " \n"])
def test_what_has_no_words_is_no_passage(text: str) -> None:
    assert find_repeated(pl.DataFrame({"document_id": ["a", "b"], "text": [text, text]}), 1).is_empty()


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["x y", "X, y", "page 1", "Page 2!", "z"])), min_size=1, max_size=20))
@settings(deadline=None, max_examples=60)
def test_counting_in_parts_of_whole_documents_is_counting_at_once(rows: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(rows, {"document_id": pl.String, "text": pl.String}, orient="row")
    parts = [count_passages(part) for part in frame.partition_by("document_id")]
    assert merge_repeated(pl.concat(parts)).equals(merge_repeated(count_passages(frame)))
