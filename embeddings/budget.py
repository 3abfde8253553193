"""How many tokens a batch should have on this machine, measured once and remembered."""

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time

from embeddings.batching import Runner, run_batches
from embeddings.keep import keep_text

_WORTH_MEASURING = 500
"""Texts that a process must have embedded before: then there are likely more, and the measurement costs less than it can save."""
_SAMPLE = 24
_CARD_SIZED = 4_096
"""Batches that large are for graphics cards, whose work is no processor time."""
_ROUNDS = 2
_GAIN = 0.03
"""By which a batch must be faster than a smaller one, which needs less memory, to be preferred."""


class Budgets:
    """A file of what was measured: key of model and machine to tokens. A file that is lost or broken is measured again."""

    def __init__(self, path: Path, /) -> None:
        self._path = path

    def get(self, key: str, /) -> int | None:
        """Tokens in a batch, None if they were not measured."""
        return self._all().get(key)

    def put(self, key: str, tokens: int, /) -> None:
        """Remember it."""
        keep_text(self._path, json.dumps(self._all() | {key: tokens}, indent=1))

    def _all(self) -> dict[str, int]:
        try:
            return {str(key): int(tokens) for key, tokens in json.loads(self._path.read_text(encoding="utf-8")).items()}
        except (OSError, ValueError, AttributeError):
            return {}


def worth_measuring(embedded_before: int, texts: int, /) -> bool:
    """Whether to measure on so many texts, after so many others."""
    return embedded_before >= _WORTH_MEASURING and texts >= _SAMPLE


def measure_budget(runner: Runner, texts: Sequence[str], lengths: Sequence[int], prompt: str, /) -> int:
    """The fastest of the runner's budgets on some of these texts, in seconds of the processor where it does the work: others share it."""
    step = max(1, len(texts) // _SAMPLE)
    some, counted = texts[::step][:_SAMPLE], lengths[::step][:_SAMPLE]
    clock = process_time if runner.budgets[0] < _CARD_SIZED else perf_counter
    seconds = {budget: float("inf") for budget in sorted(runner.budgets)}
    for _ in range(_ROUNDS):
        for budget in seconds:
            begun = clock()
            list(run_batches(runner, some, counted, prompt, budget=budget))
            seconds[budget] = min(seconds[budget], clock() - begun)
    return fastest(seconds)


def fastest(seconds: dict[int, float], /) -> int:
    """The smallest budget that no larger one beats by more than a few per cent."""
    best = min(seconds)
    for budget in sorted(seconds):
        if seconds[budget] < seconds[best] * (1 - _GAIN):
            best = budget
    return best
