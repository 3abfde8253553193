"""An evaluation in a few numbers: each measure's mean with its interval, over all questions and over each slice."""

from collections.abc import Sequence

from contracts.evaluation import Scored
from evaluation.measures import DOCUMENT_MEASURES, SPAN_MEASURES
from evaluation.significance import Estimate, estimate


def summarise(questions: Sequence[Scored], /) -> dict[str, Estimate]:
    """By measure, in the order in which measures are printed; a measure that no question has is left out."""
    return {name: estimate(scores) for name, scores in _scores(questions).items()}


def means(questions: Sequence[Scored], /) -> dict[str, float]:
    """As `summarise`, without the intervals, which cost thousands of resamples."""
    return {name: sum(scores) / len(scores) for name, scores in _scores(questions).items()}


def _scores(questions: Sequence[Scored]) -> dict[str, list[float]]:
    return {name: [question.scores[name] for question in questions if name in question.scores] for name in measures_of(questions)}


def by_slice(questions: Sequence[Scored], slicing: str, /) -> dict[str, tuple[Scored, ...]]:
    """The questions of each slice of one slicing, by the slice's name, in order of name. Questions without one are in none."""
    names = sorted({question.slices[slicing] for question in questions if slicing in question.slices})
    return {name: tuple(question for question in questions if question.slices.get(slicing) == name) for name in names}


def slicings(questions: Sequence[Scored], /) -> tuple[str, ...]:
    """The slicings that tell any two questions apart, in order of name."""
    names = sorted({name for question in questions for name in question.slices})
    return tuple(name for name in names if len(by_slice(questions, name)) > 1)


def measures_of(questions: Sequence[Scored], /) -> tuple[str, ...]:
    """Every measure that a question has, the usual ones first."""
    held = {name for question in questions for name in question.scores}
    usual = [name for name in (*DOCUMENT_MEASURES, *SPAN_MEASURES) if name in held]
    return (*usual, *sorted(held.difference(usual)))
