import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from configs.banding import PERMUTATIONS, Banding, choose_banding
from configs.settings import DedupSettings


def test_the_default_is_25_bands_of_5_which_find_99_of_100_pairs_at_the_threshold() -> None:
    banding = DedupSettings().banding()
    assert banding == Banding(25, 5)
    assert [round(banding.chance(jaccard), 4) for jaccard in (0.5, 0.7, 0.75, 0.8)] == [0.5478, 0.9899, 0.9989, 1.0]


@given(st.floats(0.1, 0.99), st.floats(0.5, 0.999))
def test_what_is_chosen_reaches_the_recall_and_nothing_steeper_does(threshold: float, recall: float) -> None:
    chosen = choose_banding(threshold, recall)
    assert chosen.bands * chosen.rows <= PERMUTATIONS
    assert chosen.chance(threshold) >= recall
    steeper = (Banding(PERMUTATIONS // rows, rows) for rows in range(chosen.rows + 1, PERMUTATIONS + 1))
    assert all(banding.chance(threshold) < recall for banding in steeper)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 50), st.integers(1, 20))
def test_the_more_similar_are_the_more_likely_found(one: float, other: float, bands: int, rows: int) -> None:
    banding = Banding(bands, rows)
    assert (banding.chance(one) <= banding.chance(other)) or one > other
    assert 0 <= banding.chance(one) <= 1


def test_a_lower_threshold_takes_more_bands_so_that_nothing_is_lost_to_it() -> None:
    assert DedupSettings(threshold=0.5).banding().chance(0.5) >= 0.98
    assert Banding(25, 5).chance(0.5) < 0.6


def test_stated_bands_and_rows_hold_and_one_without_the_other_is_refused() -> None:
    assert DedupSettings(bands=20, rows=4).banding() == Banding(20, 4)
    with pytest.raises(ValidationError, match="state both, or neither"):
        DedupSettings(bands=20)


def test_a_recall_that_cannot_be_reached_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValidationError, match=r"with 0\.724 at most\. Raise the threshold, lower recall, or state bands and rows"):
        DedupSettings(threshold=0.01)
