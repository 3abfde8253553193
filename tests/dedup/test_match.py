"""Pairs that share a band and reach the threshold: machine code, Polars, and every pair looked at, with and without crowds."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import DedupSettings
from dedup.match import CROWD, SCHEMA, _has_crowd, match_by_kernel, match_by_polars
from dedup.sketch import sketch

TEXTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sets(st.integers(0, 40) | st.integers(2**63, 2**63 + 20), min_size=1, max_size=25),
        st.sets(st.integers(-4, 4), max_size=5),
    ),
    max_size=12,
)
THRESHOLDS = st.sampled_from([0.1, 0.5, 0.7, 0.75, 1.0])


def _members(texts: list[tuple[int, set[int], set[int]]]) -> pl.DataFrame:
    rows = [(3 * place, number, sorted(shingles), sorted(bands)) for place, (number, shingles, bands) in enumerate(texts)]
    schema: dict[str, Any] = {"member": pl.Int64, "number_key": pl.Int64, "shingles": pl.List(pl.UInt64), "bands": pl.List(pl.Int64)}
    return pl.DataFrame(rows, schema, orient="row")


def _every_pair(texts: list[tuple[int, set[int], set[int]]], threshold: float, since: int = 0) -> pl.DataFrame:
    rows = []
    for a, (number, shingles, bands) in enumerate(texts):
        for b, (other_number, other, other_bands) in enumerate(texts[:a]):
            jaccard = len(shingles & other) / len(shingles | other)
            if bands & other_bands and jaccard >= threshold and 3 * a >= since:
                rows.append((3 * a, 3 * b, jaccard, number == other_number))
    return pl.DataFrame(rows, SCHEMA, orient="row")


@given(TEXTS, THRESHOLDS, st.integers(0, 40), st.sampled_from([0, 1, 3, CROWD]))
@settings(deadline=None, max_examples=120)
def test_what_is_matched_is_every_pair_that_shares_a_band_and_reaches_the_threshold(
    texts: list[tuple[int, set[int], set[int]]], threshold: float, since: int, crowd: int
) -> None:
    """However few make a crowd: the guard against crowds loses nothing."""
    members, expected = _members(texts), _every_pair(texts, threshold, since)
    assert match_by_kernel(members, threshold, since=since, crowd=crowd).equals(expected)
    assert match_by_polars(members, threshold, since=since).equals(expected)


@given(TEXTS, THRESHOLDS, st.integers(0, 40), st.data())
@settings(deadline=None, max_examples=80)
def test_of_two_that_are_apart_no_pair_is_made_and_all_others_are(
    texts: list[tuple[int, set[int], set[int]]], threshold: float, since: int, data: st.DataObject
) -> None:
    apart = data.draw(st.lists(st.booleans(), min_size=len(texts), max_size=len(texts)))
    members = _members(texts).with_columns(pl.Series("apart", apart, dtype=pl.Boolean))
    some = members.filter("apart")["member"].to_list()
    expected = _every_pair(texts, threshold, since).filter(~(pl.col("a").is_in(some) & pl.col("b").is_in(some)))
    assert match_by_kernel(members, threshold, since=since).equals(expected)
    assert match_by_polars(members, threshold, since=since).equals(expected)


def _letters(count: int, *, shared: int, own: int) -> list[str]:
    """So many that say the same in `shared` words and something of their own in `own`; every hundredth is repeated but for two words."""
    generator = np.random.default_rng(3)
    words = np.array(["".join(map(chr, generator.integers(97, 123, 7))) for _ in range(20_000)])
    common = " ".join(words[:shared])
    letters = [f"{common} {' '.join(generator.choice(words[shared:], own))}" for _ in range(count)]
    for place in range(0, count, 100):
        said = letters[place].split()
        said[shared + 3], said[-4] = "edited", "changed"
        letters[place + 1] = " ".join(said)
    return letters


def test_true_pairs_are_found_in_a_band_that_thousands_share() -> None:
    letters = _letters(3_000, shared=80, own=110)
    members = sketch(pl.Series(letters), DedupSettings()).with_columns(pl.int_range(pl.len()).alias("member"))
    most = members["bands"].explode().value_counts()["count"].max()
    found = match_by_kernel(members, 0.7, crowd=50)
    assert isinstance(most, int)
    assert most > 300
    assert found.select("a", "b").rows() == [(place + 1, place) for place in range(0, 3_000, 100)]
    assert found.equals(match_by_polars(members, 0.7))


@pytest.mark.parametrize(
    ("crowded", "others", "is_one"), [(CROWD + 1, 0, True), (CROWD, 0, False), (CROWD, 50, False), (CROWD + 1, 50, True)]
)
def test_a_crowd_of_few_texts_is_seen_so_that_the_guard_is_there_for_it(crowded: int, others: int, is_one: bool) -> None:
    """Once 10,000 letters that said nearly the same were gone through pair by pair, since so few were not worth the kernel."""
    bands = [[7, place + 100] for place in range(crowded)] + [[-place - 1] for place in range(others)]
    assert _has_crowd(pl.DataFrame({"bands": bands}, {"bands": pl.List(pl.Int64)})) is is_one


@pytest.mark.slow
def test_of_forty_thousand_letters_with_the_same_footer_the_few_true_pairs_are_found() -> None:
    """Pair by pair these would be eight hundred million comparisons, which no time limit of a test allows."""
    letters = _letters(40_000, shared=60, own=60)
    members = sketch(pl.Series(letters), DedupSettings(bands=1, rows=1)).with_columns(pl.int_range(pl.len()).alias("member"))
    members = members.with_columns(pl.lit([7], pl.List(pl.Int64)).alias("bands"))
    found = match_by_kernel(members, 0.7)
    assert found.select("a", "b").rows() == [(place + 1, place) for place in range(0, 40_000, 100)]
