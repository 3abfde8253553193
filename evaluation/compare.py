"""Two evaluations side by side, question by question."""

from dataclasses import dataclass

from contracts.errors import UsageError
from contracts.evaluation import Evaluation, Scored
from evaluation.significance import Paired, paired
from evaluation.summary import by_slice, measures_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure, over all questions that both runs have (`slice` empty) or over one slice of them."""

    measure: str
    slice: str
    before: float
    after: float
    paired: Paired


def compare(before: Evaluation, after: Evaluation, /, *, slicing: str | None = None) -> tuple[Difference, ...]:
    """Every measure that both runs have, on the questions that both have, in all and by slice. UsageError if they share nothing.

    The more is compared, the more is different by chance: of 20 p-values one is below 0.05 though nothing differs.
    """
    pairs = common(before, after)
    if not pairs:
        raise UsageError(
            f"{before.run_id} ({before.measured.suite}) and {after.run_id} ({after.measured.suite}) have no question in common"
        )
    groups = {"": [late.question_id for _, late in pairs]}
    if slicing:
        groups |= {name: [one.question_id for one in part] for name, part in by_slice([late for _, late in pairs], slicing).items()}
    measures = [name for name in measures_of(before.questions) if name in measures_of(after.questions)]
    return tuple(
        found for name, ids in groups.items() for measure in measures if (found := _difference(pairs, measure, name, frozenset(ids)))
    )


def common(before: Evaluation, after: Evaluation, /) -> list[tuple[Scored, Scored]]:
    """The questions that both runs have, each in its two scorings, in the order of the second run."""
    known = {question.question_id: question for question in before.questions}
    return [(known[late.question_id], late) for late in after.questions if late.question_id in known]


def _difference(pairs: list[tuple[Scored, Scored]], measure: str, name: str, ids: frozenset[str]) -> Difference | None:
    both = [
        (early.scores[measure], late.scores[measure])
        for early, late in pairs
        if late.question_id in ids and measure in early.scores and measure in late.scores
    ]
    if not both:
        return None
    old, new = zip(*both, strict=True)
    return Difference(measure, name, sum(old) / len(old), sum(new) / len(new), paired(old, new))
