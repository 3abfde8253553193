"""How near two models' vectors are, and what they find."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.fidelity import cosines, known_item_ndcg_at_10, overlap_at_10


def units(rows: int, seed: int, width: int = 8) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(rows, width))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def test_a_hand_made_case() -> None:
    """Answer 0 is found first, answer 1 second behind answer 0, answer 2 has the score of another, which counts as before it."""
    answers = np.eye(3, dtype=np.float32)
    questions = np.array([[1, 0, 0], [0.8, 0.6, 0], [0, 0.7, 0.7]], dtype=np.float32)
    assert known_item_ndcg_at_10(questions, answers) == pytest.approx((1 + 1 / math.log2(3) + 1 / math.log2(3)) / 3)
    assert cosines(questions, answers).tolist() == pytest.approx([1, 0.6, 0.7])
    assert overlap_at_10(units(30, 1), np.roll(units(30, 1), 15, axis=0)) < 0.9


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(2, 40), seed=st.integers(0, 99))
def test_a_model_is_as_near_as_can_be_to_itself(rows: int, seed: int) -> None:
    same = units(rows, seed)
    assert overlap_at_10(same, same) == 1
    assert known_item_ndcg_at_10(same, same) == 1
    assert np.allclose(cosines(same, same), 1, atol=1e-6)


@settings(deadline=None, max_examples=60)
@given(rows=st.integers(2, 40), seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)), turn=st.randoms(use_true_random=False))
def test_figures_are_shares_and_depend_on_no_order_of_the_texts(rows: int, seeds: tuple[int, int], turn) -> None:
    one, other = units(rows, seeds[0]), units(rows, seeds[1])
    order = list(range(rows))
    turn.shuffle(order)
    for measure in (overlap_at_10, known_item_ndcg_at_10):
        assert 0 <= measure(one, other) <= 1
        assert measure(one[order], other[order]) == pytest.approx(measure(one, other))


def test_an_answer_from_the_eleventh_place_on_counts_nothing() -> None:
    answers = np.array([[math.cos(angle), math.sin(angle)] for angle in np.linspace(0, 1, 12)], dtype=np.float32)
    questions = np.tile(answers[:1], (12, 1))
    expected = sum(1 / math.log2(1 + rank) for rank in range(1, 11)) / 12
    assert known_item_ndcg_at_10(questions, answers) == pytest.approx(expected)
