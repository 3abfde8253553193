"""Which texts go through the model together, and how: several batches at a time, the next ones tokenised meanwhile."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from contracts.ports import Vectors

_AHEAD = 3
"""Batches prepared for each stream before the first result is waited for: enough that none ever waits, few enough for any memory."""


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

    def prepare(self, texts: Sequence[str], lengths: Sequence[int], prompt: str, /) -> Any:
        """Tokens and masks of a batch. ContractError if a text has fewer tokens there than in `lengths`: it lost its end."""
        ...

    def run(self, prepared: Any, /) -> Vectors:
        """A vector for each text of the batch, of any length."""
        ...


def batches(lengths: Sequence[int], budget: int, /) -> Iterator[list[int]]:
    """Places of texts, longest first, in batches whose padded size stays within `budget` tokens; a longer text is a batch of its own."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def run_batches(
    runner: Runner, texts: Sequence[str], lengths: Sequence[int], prompt: str, /, *, budget: int
) -> Iterator[tuple[list[int], Vectors]]:
    """Places of texts and their vectors, batch by batch in the order of `batches`.

    The calling thread tokenises, which a tokenizer can do for one at a time only, and stays a few batches ahead of the streams.
    """
    ahead: deque[tuple[list[int], Future[Vectors]]] = deque()
    with ThreadPoolExecutor(runner.streams) as streams:
        for batch in batches(lengths, budget):
            prepared = runner.prepare([texts[place] for place in batch], [lengths[place] for place in batch], prompt)
            ahead.append((batch, streams.submit(runner.run, prepared)))
            if len(ahead) > _AHEAD * runner.streams:
                oldest, made = ahead.popleft()
                yield oldest, made.result()
        for batch, made in ahead:
            yield batch, made.result()
