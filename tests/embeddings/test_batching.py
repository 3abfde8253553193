"""How texts become batches, and batches go through a model: every text once, several at a time, never too many waiting."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ports import Vectors
from embeddings.batching import Tokenised, batches, run_batches
from embeddings.budget import Budgets, fastest, measure_budgets
from embeddings.identify import identify
from embeddings.model import SentenceEmbedder


class CountingRunner:
    """A vector of a text is its length; remembers how many batches were prepared and not yet run, and how large they were."""

    budgets = (64, 32, 128)
    dimensions = 384

    def __init__(self, streams: int = 2) -> None:
        self.streams = streams
        self.waiting, self.most_waiting = 0, 0
        self.sizes: list[int] = []
        self._lock = threading.Lock()

    def prepare(self, batch: Tokenised, /) -> Any:
        with self._lock:
            self.waiting += 1
            self.most_waiting = max(self.most_waiting, self.waiting)
            self.sizes.append(max(batch.lengths) * len(batch.lengths))
        return [len(batch.prompt + text) for text in batch.texts]

    def run(self, prepared: Any, /) -> Vectors:
        with self._lock:
            self.waiting -= 1
        return np.repeat(np.array(prepared, dtype=np.float32)[:, None], self.dimensions, axis=1)


def texts_of(lengths: Sequence[int]) -> Tokenised:
    """Texts of so many letters, each a token."""
    return Tokenised(["x" * length for length in lengths], "", [np.zeros(length, dtype=np.int32) for length in lengths])


@settings(deadline=None, max_examples=200)
@given(lengths=st.lists(st.integers(1, 300), max_size=60), budget=st.integers(1, 1000), streams=st.integers(1, 4))
def test_batches_hold_every_text_once_within_the_budget_longest_first(lengths, budget, streams):
    made = list(batches(lengths, budget, streams=streams))
    assert sorted(place for batch in made for place in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or max(lengths[place] for place in batch) * len(batch) <= budget for batch in made)
    order = [lengths[place] for batch in made for place in batch]
    assert order == sorted(order, reverse=True)


@settings(deadline=None, max_examples=50)
@given(lengths=st.lists(st.integers(1, 60), max_size=80), streams=st.integers(1, 4), budget=st.integers(1, 200))
def test_every_text_comes_back_once_with_its_own_vector_however_many_streams_there_are(lengths, streams, budget):
    runner, places = CountingRunner(streams), list(batches(lengths, budget, streams=streams))
    made = list(run_batches(runner, texts_of(lengths), places))
    assert [batch for batch, _ in made] == places
    assert all(vector[0] == lengths[place] for batch, vectors in made for place, vector in zip(batch, vectors, strict=True))
    assert runner.most_waiting <= 4 * streams + 1


def test_what_goes_wrong_in_a_stream_reaches_the_caller():
    class Broken(CountingRunner):
        def run(self, prepared: Any, /) -> Vectors:
            raise RuntimeError("no memory")

    with pytest.raises(RuntimeError, match="no memory"):
        list(run_batches(Broken(), texts_of([1] * 50), batches([1] * 50, 1)))


@settings(deadline=None)
@given(seconds=st.dictionaries(st.sampled_from([256, 512, 1024, 2048]), st.floats(0.01, 10), min_size=1))
def test_the_chosen_budget_is_nearly_the_fastest_and_no_smaller_one_is_as_fast(seconds):
    chosen = fastest(seconds)
    assert seconds[chosen] <= min(seconds.values()) / (1 - 0.03) + 1e-9
    assert all(seconds[smaller] > seconds[chosen] for smaller in seconds if smaller < chosen)


def test_the_budget_is_measured_by_the_way_in_the_first_long_run_and_remembered(minilm, tmp_path):
    def run(calls: int) -> CountingRunner:
        runner = CountingRunner()
        embedder = SentenceEmbedder(minilm, identify(minilm), runner=runner, budgets=Budgets(tmp_path / "budgets.json"))
        for _ in range(calls):
            embedder.embed_documents(["fox"] * 256)
        return runner

    run(1)  # too few to be worth a measurement
    assert not (tmp_path / "budgets.json").exists()
    first, second = run(2), run(2)
    assert max(first.sizes) > CountingRunner.budgets[0], "every budget was tried"
    assert sum(first.sizes) == sum(second.sizes) == 2 * 256 * 3, "and every text embedded once"


@settings(deadline=None, max_examples=50)
@given(lengths=st.lists(st.integers(1, 60), min_size=8, max_size=80))
def test_measuring_gives_every_text_its_own_vector(lengths):
    made = list(measure_budgets(CountingRunner(), texts_of(lengths)))
    assert sorted(place for batch, _ in made for place in batch) == list(range(len(lengths)))
    assert all(vector[0] == lengths[place] for batch, vectors in made for place, vector in zip(batch, vectors, strict=True))


@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 60), min_size=200, max_size=400), streams=st.integers(2, 8))
def test_the_streams_end_within_a_small_batch_of_each_other(lengths, streams):
    ends = [0] * streams
    for batch in batches(lengths, 512, streams=streams):
        ends[ends.index(min(ends))] += sum(lengths[place] for place in batch)
    assert max(ends) - min(ends) <= 512 // 4


@pytest.mark.parametrize("broken", ["", "[1]", "{"])
def test_a_broken_file_of_budgets_is_measured_again(broken, tmp_path):
    path = tmp_path / "budgets.json"
    path.write_text(broken)
    budgets = Budgets(path)
    assert budgets.get("k") is None
    budgets.put("k", 512)
    assert Budgets(path).get("k") == 512
