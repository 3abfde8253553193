"""Whether a difference is more than chance: means with intervals, and two runs on the same questions compared question by question."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 4_999
"""Of questions for an interval, and of signs for a p-value where there are too many to try all: p is never below 2 / 5,000 then."""
CONFIDENCE = 0.95
_SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions, and the 95 % interval in which it lies, by drawing the questions anew."""

    mean: float
    low: float
    high: float
    questions: int


@dataclass(frozen=True, slots=True)
class Paired:
    """How much higher the second of two runs is on the same questions. `p_value` is how often chance alone would differ by as much."""

    difference: float
    low: float
    high: float
    p_value: float
    questions: int


def estimate(scores: Sequence[float], /, *, seed: int = _SEED) -> Estimate:
    """The mean, with the percentile bootstrap's interval: the same scores and seed give the same interval. ValueError without a score."""
    if not len(scores):
        raise ValueError("no question was scored, so there is no mean")
    values = np.asarray(scores, dtype=np.float64)
    low, high = _interval(values, seed)
    return Estimate(float(values.mean()), low, high, len(scores))


def paired(before: Sequence[float], after: Sequence[float], /, *, seed: int = _SEED) -> Paired:
    """The difference `after` − `before` of the means, its interval, and the two-sided p-value of a paired permutation test.

    Were neither run better, each question's difference could as well have the other sign; the p-value is twice the share of all choices
    of signs whose mean is at least as far to the same side. Up to 12 questions all are tried, else 4,999 at random and the one seen.
    """
    differences = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    if len(before) != len(after) or not len(differences):
        raise ValueError(f"a paired test needs the same questions twice, not {len(before)} scores and {len(after)}")
    low, high = _interval(differences, seed)
    return Paired(float(differences.mean()), low, high, _p_value(differences, seed), len(differences))


def _interval(values: np.ndarray, seed: int) -> tuple[float, float]:
    if len(values) == 1 or np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())
    from scipy.stats import bootstrap  # type: ignore[import-untyped]

    drawn = bootstrap(
        (values,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
        batch=max(1, 2_000_000 // len(values)),
    )
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)


def _p_value(differences: np.ndarray, seed: int) -> float:
    if len(differences) == 1 or not np.any(differences):
        return 1.0
    from scipy.stats import permutation_test

    tested = permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(seed),
        batch=max(1, 2_000_000 // len(differences)),
    )
    return float(tested.pvalue)
