"""The measures of spans against counting one character after another."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.spans import Passage, SpanScores, precision_omega, span_scores

PASSAGE = st.builds(
    lambda document, start, length: Passage(document, start, start + length), st.sampled_from("ab"), st.integers(0, 30), st.integers(0, 12)
)
PASSAGES = st.lists(PASSAGE, max_size=8)
RELEVANT = PASSAGES.filter(lambda passages: any(passage.start < passage.end for passage in passages))
Character = tuple[str, int]


def characters(passages: Sequence[Passage]) -> Counter[Character]:
    return Counter((passage.document, at) for passage in passages for at in range(passage.start, passage.end))


def counted(retrieved: Sequence[Passage], relevant: Sequence[Passage]) -> SpanScores:
    found, wanted = characters(retrieved), set(characters(relevant))
    both, total = len(wanted & set(found)), found.total()
    return SpanScores(both / len(wanted), both / total if total else 0.0, both / (total + len(wanted) - both))


@settings(deadline=None, max_examples=300)
@given(PASSAGES, RELEVANT)
def test_scores_equal_those_of_counting_every_character(retrieved: list[Passage], relevant: list[Passage]) -> None:
    assert span_scores(retrieved, relevant) == counted(retrieved, relevant)


@settings(deadline=None, max_examples=300)
@given(PASSAGES, RELEVANT)
def test_precision_omega_equals_that_of_counting_every_character(chunks: list[Passage], relevant: list[Passage]) -> None:
    wanted = set(characters(relevant))
    bearing = {character for chunk in chunks if wanted & set(characters([chunk])) for character in characters([chunk])}
    assert precision_omega(chunks, relevant) == len(wanted & bearing) / len(wanted | bearing)


@settings(deadline=None, max_examples=100)
@given(PASSAGES, RELEVANT, st.randoms(use_true_random=False))
def test_neither_order_nor_how_the_relevant_is_cut_matters(retrieved: list[Passage], relevant: list[Passage], shuffle: Random) -> None:
    halves = [half for d, s, e in relevant for half in (Passage(d, s, (s + e) // 2), Passage(d, (s + e) // 2, e))]
    shuffled = retrieved.copy()
    shuffle.shuffle(shuffled)
    assert span_scores(shuffled, halves) == span_scores(retrieved, relevant)


def test_an_overlap_that_is_retrieved_twice_costs_precision_and_not_recall() -> None:
    relevant = [Passage("a", 10, 20)]
    once = span_scores([Passage("a", 0, 20)], relevant)
    twice = span_scores([Passage("a", 0, 20), Passage("a", 10, 30)], relevant)
    assert once == SpanScores(recall=1.0, precision=10 / 20, iou=10 / 20)
    assert twice == SpanScores(recall=1.0, precision=10 / 40, iou=10 / 40)


def test_a_chunk_of_another_document_is_not_relevant_and_counts_as_read() -> None:
    assert span_scores([Passage("b", 10, 20), Passage("a", 10, 15)], [Passage("a", 10, 20)]) == SpanScores(0.5, 5 / 15, 5 / 20)


def test_precision_omega_takes_the_chunks_that_bear_something_and_leaves_those_that_only_touch() -> None:
    chunks = [Passage("a", start, start + 10) for start in range(0, 100, 10)]
    assert precision_omega(chunks, [Passage("a", 12, 20), Passage("a", 31, 32)]) == 9 / 20


def test_relevant_characters_that_no_chunk_holds_count_against_precision_omega() -> None:
    assert precision_omega([Passage("a", 0, 10)], [Passage("a", 5, 15)]) == 5 / 15


def test_nothing_retrieved_scores_nothing() -> None:
    assert span_scores([], [Passage("a", 0, 1)]) == SpanScores(0.0, 0.0, 0.0)


@pytest.mark.parametrize("measure", [span_scores, precision_omega])
def test_a_question_without_an_excerpt_is_refused(measure: Callable[[list[Passage], list[Passage]], object]) -> None:
    with pytest.raises(ValueError, match="no character is relevant"):
        measure([Passage("a", 0, 1)], [Passage("a", 3, 3)])
