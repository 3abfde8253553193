"""The gate that a new model or another setting has to pass before it goes live: it may not find less than what is there."""

from dataclasses import dataclass

from configs.settings import GateSettings
from contracts.evaluation import Evaluation
from evaluation.compare import common
from evaluation.significance import Paired, paired


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a candidate may go live by one gate, and one sentence that says why."""

    measure: str
    suite: str
    passed: bool
    reason: str
    paired: Paired | None = None


def passes(baseline: Evaluation, candidate: Evaluation, gate: GateSettings, /) -> Verdict:
    """Passed if, on the gate's suite, the candidate's mean is lower by no more than the tolerance.

    Both runs must have asked the same questions of the same documents; where they did not, or lack the measure, nothing is known and the
    gate stays shut. The p-value is told, and decides nothing: a drop beyond the tolerance that may be chance needs more questions.
    """
    refusal = _incomparable(baseline, candidate, gate)
    if refusal:
        return Verdict(gate.metric, gate.suite, False, refusal)
    both = [(early.scores, late.scores) for early, late in common(baseline, candidate) if gate.metric in early.scores]
    if not both or any(gate.metric not in late for _, late in both):
        return Verdict(gate.metric, gate.suite, False, f"{gate.metric} was not measured by both runs; run the evaluation again")
    found = paired([early[gate.metric] for early, _ in both], [late[gate.metric] for _, late in both])
    return Verdict(gate.metric, gate.suite, found.difference >= -gate.tolerance - _ROUNDING, _reason(found, gate), found)


_ROUNDING = 1e-12


def _incomparable(baseline: Evaluation, candidate: Evaluation, gate: GateSettings) -> str | None:
    for role, run in (("baseline", baseline), ("candidate", candidate)):
        if run.measured.suite != gate.suite:
            return f"the {role} {run.run_id} was measured on {run.measured.suite}, not on {gate.suite}"
    if baseline.measured.suite_digest != candidate.measured.suite_digest or len(baseline.questions) != len(candidate.questions):
        return f"the questions of {gate.suite} have changed since the baseline; run the baseline's settings on them again"
    return None


def _reason(found: Paired, gate: GateSettings) -> str:
    fell = found.difference < -gate.tolerance - _ROUNDING
    change = f"{gate.metric} changed by {found.difference:+.4f} [{found.low:+.4f}, {found.high:+.4f}] on {found.questions} questions"
    allowed = f"more than the {gate.tolerance:g} that it may fall" if fell else f"and may fall by {gate.tolerance:g}"
    return f"{change}, p = {found.p_value:.4f}, {allowed}"
