"""Intervals and p-values, against every choice of signs and every draw written out."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.significance import RESAMPLES, estimate, paired

SCORES = st.lists(st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 0.75, 1.0]), min_size=1, max_size=8)
PAIRS = st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.sampled_from([0.0, 0.25, 0.5, 1.0])), min_size=1, max_size=8)


@settings(deadline=None, max_examples=60)
@given(PAIRS)
def test_the_p_value_is_twice_the_share_of_all_signs_that_go_as_far(pairs: list[tuple[float, float]]) -> None:
    differences = [after - before for before, after in pairs]
    found = paired([before for before, _ in pairs], [after for _, after in pairs])
    seen = sum(differences)
    sums = [
        sum(sign * one for sign, one in zip(signs, differences, strict=True)) for signs in itertools.product((1, -1), repeat=len(pairs))
    ]
    above = sum(one >= seen - 1e-12 for one in sums) / len(sums)
    below = sum(one <= seen + 1e-12 for one in sums) / len(sums)
    assert found.p_value == pytest.approx(min(1.0, 2 * min(above, below)), abs=1e-9)
    assert found.difference == pytest.approx(seen / len(pairs), abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(SCORES, st.integers(0, 5))
def test_the_interval_is_that_of_as_many_draws_written_out(scores: list[float], seed: int) -> None:
    found = estimate(scores, seed=seed)
    drawn = np.random.default_rng(seed).integers(0, len(scores), (RESAMPLES, len(scores)))
    means = [sum(scores[index] for index in draw) / len(scores) for draw in drawn.tolist()]
    constant = len(set(scores)) == 1
    low, high = (scores[0], scores[0]) if constant else np.percentile(means, [2.5, 97.5])
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))
    assert found.mean == pytest.approx(sum(scores) / len(scores), abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(PAIRS)
def test_turning_the_runs_round_turns_the_difference_round(pairs: list[tuple[float, float]]) -> None:
    before, after = [list(side) for side in zip(*pairs, strict=True)]
    one, other = paired(before, after), paired(after, before)
    assert one.difference == pytest.approx(-other.difference, abs=1e-12)
    assert one.p_value == pytest.approx(other.p_value, abs=1e-9)


def test_equal_runs_do_not_differ_and_a_clear_difference_is_no_chance() -> None:
    same = paired([0.5, 1.0, 0.0], [0.5, 1.0, 0.0])
    assert (same.difference, same.low, same.high, same.p_value) == (0, 0, 0, 1)
    random = np.random.default_rng(1)
    before = random.random(200)
    assert paired(before.tolist(), (before + 0.1).tolist()).p_value < 0.001
    assert paired(before.tolist(), random.permutation(before).tolist()).p_value > 0.05


def test_the_same_scores_give_the_same_interval_every_time() -> None:
    scores = np.random.default_rng(2).random(100).tolist()
    assert estimate(scores) == estimate(scores)
    assert estimate(scores).low < np.mean(scores) < estimate(scores).high


def test_nothing_to_average_and_unequal_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="no question was scored"):
        estimate([])
    with pytest.raises(ValueError, match="the same questions twice, not 1 scores and 2"):
        paired([1.0], [1.0, 0.0])
    with pytest.raises(ValueError, match="not 0 scores and 0"):
        paired([], [])
