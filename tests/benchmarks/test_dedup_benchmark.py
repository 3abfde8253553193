"""The benchmark of duplicates: its truth is what every pair looked at gives, and what is kept can be shown."""

import json
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import report_dedup
from benchmarks.chunks import make_chunks
from benchmarks.duplicates_truth import measure_recall, true_pairs, words_as_normalised
from scripts.draw_banding import TARGET, draw

SENTENCES = [
    "The tenant returns all keys to the owner.",
    "Bees keep warm by shivering in winter.",
    "Rent is due on the first of each month.",
]


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c"]), min_size=5, max_size=12), min_size=2, max_size=8), st.sampled_from([0.3, 0.7]))
@settings(deadline=None, max_examples=50)
def test_true_pairs_are_those_of_comparing_all(words: list[list[str]], threshold: float) -> None:
    sets = [{tuple(each[start : start + 5]) for start in range(len(each) - 4)} for each in words]
    every = {(b, a): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in combinations(range(len(sets)), 2)}
    found = {(a, b): jaccard for a, b, jaccard in true_pairs(words, threshold).iter_rows()}
    assert found == {pair: jaccard for pair, jaccard in every.items() if jaccard >= threshold}


def test_chunks_are_the_same_for_the_same_seed_and_a_third_are_near_another() -> None:
    sentences = [f"{sentence} {number} {'word ' * (number % 7)}it" for number in range(300) for sentence in SENTENCES]
    chunks = list(make_chunks(sentences, 300, seed=4))
    assert chunks == list(make_chunks(sentences, 300, seed=4))
    assert chunks != list(make_chunks(sentences, 300, seed=5))
    assert all(85 < len(chunk.split()) < 330 for chunk in chunks)
    truth = true_pairs(words_as_normalised(chunks))
    assert 40 < len({*truth["a"]}) < 120
    recall, bins = measure_recall(chunks, truth, 2)
    assert min(recall) > 0.95
    assert sum(each.pairs for each in bins) == truth.height


def test_what_was_kept_has_every_figure_that_is_promised_and_becomes_tables() -> None:
    kept = json.loads(Path(report_dedup.__file__).with_name("measured_dedup.json").read_text(encoding="utf-8"))
    promised = (
        "speedup_datasketch",
        "speedup_rensa",
        "speedup_gaoya",
        "kernel_vs_rensa",
        "recall_min",
        "recall_min_070_075",
        "batch_ratio",
    )
    assert all(kept[name] > 0 for name in (*promised, "delete_ratio"))
    tables = (
        report_dedup.kept_figures,
        report_dedup.kept_index,
        report_dedup.kept_recall,
        report_dedup.kept_letters,
        report_dedup.kept_lineage,
    )
    for shown in tables:
        assert shown().count("\n|") >= 4


def test_the_figure_in_the_docs_is_the_one_that_the_code_draws(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw(tmp_path / "banding.svg")
    assert (tmp_path / "banding.svg").read_bytes() == TARGET.read_bytes()
