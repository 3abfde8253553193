"""Which texts go through the model together, and how: several batches at a time, the next ones made ready meanwhile."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from contracts.ports import Vectors

_AHEAD = 3
"""Batches prepared for each stream before the first result is waited for: enough that none ever waits, few enough for any memory."""
_LEAST = 4
"""Into so many parts a batch is divided at most, for the streams to end together: smaller ones would cost more than the waiting."""


@dataclass(frozen=True, slots=True)
class Tokenised:
    """Texts, and what the model reads of each by its own tokenizer: the ids of the prompt's, the text's and the special tokens."""

    texts: Sequence[str]
    prompt: str
    ids: Sequence[npt.NDArray[np.int32]]

    @property
    def lengths(self) -> list[int]:
        """Tokens of each text."""
        return [len(each) for each in self.ids]

    def at(self, places: Sequence[int], /) -> "Tokenised":
        """These texts only, in this order."""
        return Tokenised([self.texts[place] for place in places], self.prompt, [self.ids[place] for place in places])


class Runner(Protocol):
    """A loaded model. One thread calls `prepare`; `run` is called by `streams` threads at a time."""

    @property
    def streams(self) -> int:
        """Batches that it computes at a time."""
        ...

    @property
    def budgets(self) -> tuple[int, ...]:
        """Tokens in a batch that are worth trying, the usual one first."""
        ...

    @property
    def dimensions(self) -> int: ...

    def prepare(self, batch: Tokenised, /) -> Any:
        """What `run` takes. ContractError if the model's loader reads fewer tokens of a text than its tokenizer: it lost its end."""
        ...

    def run(self, prepared: Any, /) -> Vectors:
        """A vector for each text of the batch, of any length."""
        ...


def batches(lengths: Sequence[int], budget: int, /, *, streams: int = 1) -> Iterator[list[int]]:
    """Places of texts, longest first, in batches whose padded size stays within `budget` tokens; a longer text is a batch of its own.

    For several streams the last batches are smaller, half of a stream's share of what is left (guided self-scheduling: Polychronopoulos
    and Kuck, 1987), so that all end at about the same time.
    """
    left = sum(lengths)
    batch: list[int] = []
    limit = _limit(budget, left, streams)
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        if batch and lengths[batch[0]] * (len(batch) + 1) > limit:
            yield batch
            left -= sum(lengths[each] for each in batch)
            batch, limit = [], _limit(budget, left, streams)
        batch.append(place)
    if batch:
        yield batch


def run_batches(runner: Runner, texts: Tokenised, places: Iterable[list[int]], /) -> Iterator[tuple[list[int], Vectors]]:
    """These batches with their vectors, in order. The calling thread prepares, and stays a few batches ahead of the streams."""
    ahead: deque[tuple[list[int], Future[Vectors]]] = deque()
    with ThreadPoolExecutor(runner.streams) as streams:
        for batch in places:
            ahead.append((batch, streams.submit(runner.run, runner.prepare(texts.at(batch)))))
            if len(ahead) > _AHEAD * runner.streams:
                oldest, made = ahead.popleft()
                yield oldest, made.result()
        for batch, made in ahead:
            yield batch, made.result()


def _limit(budget: int, left: int, streams: int) -> int:
    return budget if streams == 1 else min(budget, max(left // (2 * streams), budget // _LEAST))
