"""Two runs side by side, and the gate between them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import GateSettings
from contracts.errors import UsageError
from contracts.evaluation import Evaluation, Measured, Scored
from evaluation.compare import compare
from evaluation.gate import passes

GATE = GateSettings(suite="golden.yaml", metric="mrr", tolerance=0.05)


def run(scores: list[float], *, name: str = "r", suite: str = "golden.yaml", digest: str = "1", measure: str = "mrr") -> Evaluation:
    questions = tuple(Scored(f"q{number}", {measure: one}, {"half": str(number % 2)}) for number, one in enumerate(scores))
    measured = Measured(suite, digest, "settings", "model", "identity", "hybrid")
    return Evaluation(name, 1, datetime(2026, 1, 1, tzinfo=UTC), measured, questions, {})


def test_a_comparison_pairs_the_questions_by_their_ids_in_all_and_by_slice() -> None:
    after = run([1.0, 0.5, 0.0, 1.0])
    before = replace(run([0.0, 0.5, 0.0, 0.0, 1.0]), questions=run([0.0, 0.5, 0.0, 0.0, 1.0]).questions[::-1])
    found = {one.slice: one for one in compare(before, after, slicing="half")}
    assert (found[""].before, found[""].after, found[""].paired.difference, found[""].paired.questions) == (0.125, 0.625, 0.5, 4)
    assert (found["0"].paired.difference, found["1"].paired.difference) == (0.5, 0.5)
    assert [one.slice for one in compare(before, after)] == [""]


def test_runs_without_a_common_question_cannot_be_compared() -> None:
    other = replace(run([1.0]), questions=(Scored("x", {"mrr": 1.0}),))
    with pytest.raises(UsageError, match=r"r \(golden.yaml\) and r \(golden.yaml\) have no question in common"):
        compare(run([1.0]), other)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=8), st.floats(0, 1))
def test_a_candidate_passes_exactly_if_its_mean_fell_by_no_more_than_the_tolerance(
    pairs: list[tuple[float, float]], tolerance: float
) -> None:
    before, after = run([early for early, _ in pairs]), run([late for _, late in pairs])
    fall = sum(early - late for early, late in pairs) / len(pairs)
    verdict = passes(before, after, GATE.model_copy(update={"tolerance": tolerance}))
    if abs(fall - tolerance) > 1e-9:
        assert verdict.passed == (fall <= tolerance)
    assert verdict.paired
    assert verdict.paired.difference == pytest.approx(-fall)


def test_an_equal_run_passes_a_gate_that_tolerates_nothing() -> None:
    assert passes(run([0.1, 0.7]), run([0.1, 0.7]), GATE.model_copy(update={"tolerance": 0})).passed


def test_a_verdict_says_why() -> None:
    reason = passes(run([1.0, 1.0]), run([1.0, 0.0]), GATE).reason
    assert reason == "mrr changed by -0.5000 [-1.0000, +0.0000] on 2 questions, p = 1.0000, more than the 0.05 that it may fall"
    assert passes(run([0.0]), run([1.0]), GATE).reason.endswith("p = 1.0000, and may fall by 0.05")


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        (run([1.0], name="new", suite="scifact"), "the candidate new was measured on scifact, not on golden.yaml"),
        (run([1.0], digest="2"), "the questions of golden.yaml have changed since the baseline"),
        (run([1.0, 1.0]), "the questions of golden.yaml have changed since the baseline"),
        (run([1.0], measure="iou"), "mrr was not measured by both runs"),
    ],
)
def test_a_gate_stays_shut_where_the_runs_cannot_be_compared(candidate: Evaluation, said: str) -> None:
    verdict = passes(run([1.0]), candidate, GATE)
    assert not verdict.passed
    assert said in verdict.reason
