import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.numbers import number_keys


def _same(one: str, other: str) -> bool:
    return number_keys(pl.Series([one, other])).n_unique() == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("version 1 of the contract", "version 2 of the contract"),
        ("due 12 March 2024", "due 12 April 2024"),
        ("due 2024-03-12", "due 2024-03-13"),
        ("pays 1,000 dollars", "pays 1.000 dollars"),
        ("pays 1.5", "pays 15"),
        ("a change of -5 degrees", "a change of 5 degrees"),
        ("within thirty days", "within sixty days"),
        ("trong ba mươi ngày", "trong sáu mươi ngày"),
        ("Part IV applies", "Part V applies"),
        ("Part I applies", "Part II applies"),
        ("三月结束", "四月结束"),
        ("from 3 to 5", "from 5 to 3"),
        ("no number", "number 7"),
        ("Q1 report", "Q2 report"),
    ],
)
def test_a_difference_in_a_number_or_a_date_is_seen(one: str, other: str) -> None:
    assert not _same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Version 2 of the contract.", "the contract, version 2"),
        ("DUE 12 MARCH 2024!", "due on 12 March 2024"),
        ("COVID-19 rules", "the COVID 19 rules"),
        ("in 2024.", "in 2024, and so on"),
        ("no numbers here", "nor here"),
        ("width １２", "width 12"),
        ("at −5 degrees", "only -5 degrees"),
        ("I sign", "they sign"),
    ],
)
def test_other_differences_are_not(one: str, other: str) -> None:
    assert _same(one, other)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
@settings(deadline=None, max_examples=60)
def test_keys_are_equal_exactly_where_the_number_is(one: int, other: int) -> None:
    assert _same(f"it weighs {one} kg", f"its weight: {other} kg!") == (one == other)
