"""The measures of documents against a golden case, and against an implementation that shares nothing with the library."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import UsageError
from evaluation.measures import DOCUMENT_MEASURES, FORMULAS, SPAN_MEASURES, document_scores, known

NAMES = st.sampled_from([f"d{number}" for number in range(15)])
FOUND = st.lists(NAMES, max_size=20)
GRADES = st.dictionaries(NAMES, st.integers(0, 3), max_size=15)


def plain(found: list[str], grades: dict[str, int], name: str) -> float:
    """The formulas as they stand in the docs, written out."""
    ranked = [document for place, document in enumerate(found) if document not in found[:place]]
    relevant = [document for document, grade in grades.items() if grade > 0]
    if name == "mrr":
        return next((1 / (place + 1) for place, document in enumerate(ranked) if document in relevant), 0.0)
    kind, depth = name.split("@")
    first = ranked[: int(depth)]
    hits = len([document for document in first if document in relevant])
    if kind == "recall":
        return hits / len(relevant)
    if kind == "precision":
        return hits / int(depth)
    ideal = sorted(grades.values(), reverse=True)[: int(depth)]
    gained = sum(grades.get(document, 0) / math.log2(place + 2) for place, document in enumerate(first))
    return gained / sum(grade / math.log2(place + 2) for place, grade in enumerate(ideal))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(FOUND, GRADES), min_size=1, max_size=4), st.integers(1, 12))
def test_every_measure_equals_a_plain_implementation_to_a_billionth(questions: list[tuple[list[str], dict[str, int]]], depth: int) -> None:
    names = [*DOCUMENT_MEASURES, f"ndcg@{depth}", f"recall@{depth}", f"precision@{depth}"]
    found = {f"q{number}": ranked for number, (ranked, _) in enumerate(questions)}
    relevant = {f"q{number}": grades for number, (_, grades) in enumerate(questions)}
    scores = document_scores(found, relevant, list(dict.fromkeys(names)))
    assert scores.keys() == {name for name, grades in relevant.items() if any(grades.values())}
    for question, by_name in scores.items():
        for name in names:
            assert by_name[name] == pytest.approx(plain(found[question], relevant[question], name), abs=1e-9), (question, name)


def test_a_golden_case_counts_a_document_once_at_its_best_place() -> None:
    scores = document_scores({"q": ["x", "b", "b", "x", "a"]}, {"q": {"a": 1, "b": 1}})["q"]
    assert scores["mrr"] == 0.5
    assert (scores["recall@5"], scores["precision@5"]) == (1.0, 0.4)
    assert scores["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))


def test_equal_documents_keep_the_order_in_which_they_were_found() -> None:
    first = document_scores({"q": ["a", "b"]}, {"q": {"a": 1}}, ["mrr"])["q"]["mrr"]
    second = document_scores({"q": ["b", "a"]}, {"q": {"a": 1}}, ["mrr"])["q"]["mrr"]
    assert (first, second) == (1.0, 0.5)


def test_a_question_for_which_nothing_was_found_scores_zero_and_one_without_a_relevant_document_has_no_score() -> None:
    scores = document_scores({"none": ["a"]}, {"empty": {"a": 1}, "none": {"a": 0}})
    assert scores == {"empty": dict.fromkeys(DOCUMENT_MEASURES, 0.0)}
    assert document_scores({}, {}) == {}


@pytest.mark.parametrize("name", ["ndcg", "ndcg@0", "map@10", "span_recall"])
def test_a_measure_that_is_not_there_is_refused_by_name(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: no such measure of documents; there are ndcg@K"):
        document_scores({}, {"q": {"a": 1}}, [name])


def test_every_measure_that_is_printed_has_its_formula() -> None:
    assert {name.split("@")[0] for name in (*DOCUMENT_MEASURES, *SPAN_MEASURES)} == {name.split("@")[0] for name in FORMULAS}
    assert all(known(name) for name in (*DOCUMENT_MEASURES, *SPAN_MEASURES))
    assert not known("map@10")
