"""How many tokens a batch should have on this machine, measured once and remembered."""

import json
import math
from collections.abc import Generator
from pathlib import Path
from time import perf_counter, process_time

from contracts.ports import Vectors
from embeddings.batching import Runner, Tokenised, batches, run_batches
from embeddings.keep import keep_text

_WARM = 200
"""Texts that a process must have embedded before: what is first met is slower."""
_ENOUGH = 200
"""Texts that are measured by."""
_CARD_SIZED = 4_096
"""Batches that large are for graphics cards, whose work is no processor time."""
_ROUNDS = 2
"""Since one may be spoilt: the rows before are written meanwhile."""
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
    """Whether so many texts, after so many others, tell one size of batch from another."""
    return embedded_before >= _WARM and texts >= _ENOUGH


def measure_budgets(runner: Runner, texts: Tokenised, /) -> Generator[tuple[list[int], Vectors], None, dict[int, float]]:
    """The texts' vectors as `run_batches` gives them, each part by another of the runner's budgets; and what a token took by each.

    In seconds of the processor where it does the work, since others share it. Texts are dealt by length, so that the parts are alike.
    """
    lengths = texts.lengths
    clock = process_time if runner.budgets[0] < _CARD_SIZED else perf_counter
    rounds = [budget for _ in range(_ROUNDS) for budget in runner.budgets]
    dealt = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    took = dict.fromkeys(runner.budgets, math.inf)
    for number, budget in enumerate(rounds):
        part = dealt[number :: len(rounds)]
        begun = clock()
        for batch, made in run_batches(runner, texts.at(part), batches([lengths[place] for place in part], budget)):
            yield [part[place] for place in batch], made
        took[budget] = min(took[budget], (clock() - begun) / sum(lengths[place] for place in part))
    return took


def fastest(seconds: dict[int, float], /) -> int:
    """The smallest budget that no larger one beats by more than a few per cent."""
    best = min(seconds)
    for budget in sorted(seconds):
        if seconds[budget] < seconds[best] * (1 - _GAIN):
            best = budget
    return best
