"""What holds of every chunker, and what each is for."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from chunk_makers import (
    DOCUMENT,
    IDENTITY,
    GreetingTokenizer,
    Item,
    MiniLmTokenizer,
    WordTokenizer,
    chunked,
    chunked_rows,
    document_text,
    elements,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chunking.cutter import Block, Limit
from chunking.cutting import chunking_fingerprint, cutting
from chunking.fences import FENCE
from chunking.fixed import cut_fixed
from chunking.semantic import best_runs
from configs.settings import ChunkingSettings
from contracts.errors import SettingsError, UsageError

TOKENIZERS = st.sampled_from([MiniLmTokenizer(), WordTokenizer(16), WordTokenizer(40), GreetingTokenizer(16)])
KINDS: list[dict[str, Any]] = [
    {"kind": "recursive"},
    {"kind": "sentences"},
    {"kind": "sentences", "overlap_tokens": 8},
    {"kind": "semantic"},
    {"kind": "fixed"},
    {"kind": "fixed", "overlap_tokens": 5},
]


def _name(how: dict[str, Any]) -> str:
    return "-".join(map(str, how.values()))


every_kind = pytest.mark.parametrize("how", KINDS, ids=_name)
few = settings(deadline=None, max_examples=25)


@every_kind
@few
@example(document=[("title", "a.a.!a\na", 0), ("title", "a" * 12, 1), ("text", "0" * 8, 0)], tokenizer=MiniLmTokenizer())
@example(document=[("title", "a" * 4_000, 0), ("text", "0" * 8, 0)], tokenizer=MiniLmTokenizer())
@given(document=DOCUMENT, tokenizer=TOKENIZERS)
def test_every_character_of_an_element_is_in_a_chunk_and_in_one_alone_without_overlap(
    how: dict[str, Any], document: list[Item], tokenizer: WordTokenizer
) -> None:
    text = document_text(document)
    times = [0] * len(text)
    for row in chunked(tokenizer, document, max_tokens=16, **how).iter_rows(named=True):
        assert text[row["char_start"] : row["char_end"]] == row["text"]
        for at in range(row["char_start"], row["char_end"]):
            times[at] += 1
    at = 0
    for _, element, _ in document:
        assert min(times[at : at + len(element)]) >= 1
        assert "overlap_tokens" in how or max(times[at : at + len(element)]) == 1
        at += len(element) + 2


@every_kind
@few
@given(document=DOCUMENT, tokenizer=TOKENIZERS, most=st.integers(16, 60))
def test_no_chunk_is_longer_than_the_settings_want_or_the_model_reads(
    how: dict[str, Any], document: list[Item], tokenizer: WordTokenizer, most: int
) -> None:
    chunks = chunked(tokenizer, document, max_tokens=most, **how)
    counted = [max(1, count) for count in tokenizer.count(chunks["text"].to_list())]
    assert max(counted) <= min(most, tokenizer.window)
    if not isinstance(tokenizer, GreetingTokenizer):
        assert counted == chunks["tokens"].to_list()


@every_kind
@few
@given(documents=st.lists(DOCUMENT, min_size=2, max_size=3))
def test_a_document_is_cut_the_same_in_any_company(how: dict[str, Any], documents: list[list[Item]]) -> None:
    tokenizer = WordTokenizer(16)
    frame = elements(*documents)
    together = chunked_rows(tokenizer, frame.reverse(), **how)
    for (document_id,), alone in frame.group_by("document_id"):
        assert chunked_rows(tokenizer, alone, **how).equals(together.filter(pl.col("document_id") == document_id))


@every_kind
@few
@given(document=DOCUMENT)
def test_no_chunk_leaves_its_section_whatever_the_chunker(how: dict[str, Any], document: list[Item]) -> None:
    frame = elements(document).filter(pl.col("kind") != "title")
    for row in chunked(WordTokenizer(16), document, **how).iter_rows(named=True):
        held = frame.filter((pl.col("char_start") < row["char_end"]) & (pl.col("char_end") > row["char_start"]))
        assert held["heading_path"].n_unique() <= 1
        assert all(row["heading_path"].startswith(path) for path in held["heading_path"])


def sentences(lengths: Sequence[int], prefix: str = "w") -> list[Item]:
    """A paragraph a number, of sentences of seven different words."""
    count = iter(range(100_000))
    return [("text", " ".join(f"{prefix}{next(count)}{'.' * (n % 7 == 6)}" for n in range(length)), 0) for length in lengths]


@pytest.mark.parametrize("how", [how for how in KINDS if how["kind"] != "fixed"], ids=_name)
@settings(deadline=None, max_examples=20)
@given(lengths=st.lists(st.integers(1, 40), min_size=60, max_size=90), data=st.data())
def test_no_chunk_beyond_the_fences_around_an_edit_changes(how: dict[str, Any], lengths: list[int], data: st.DataObject) -> None:
    window, old = 16, sentences(lengths)
    at = data.draw(st.integers(0, len(old)))
    added = sentences(data.draw(st.lists(st.integers(1, 60), max_size=3)), prefix="new")
    new = [*old[:at], *added, *old[at + data.draw(st.integers(0, 3)) :]]
    text, before = document_text(new), document_text(old)
    most = min(len(text), len(before))
    left = next((place for place in range(most) if text[place] != before[place]), most)
    right = len(text) - next((place for place in range(most - left) if text[-1 - place] != before[-1 - place]), most - left)
    known = set(chunked(WordTokenizer(window), old, **how)["chunk_id"])
    for row in chunked(WordTokenizer(window), new, **how).filter(~pl.col("chunk_id").is_in(list(known))).iter_rows(named=True):
        between = text[row["char_end"] : left] if row["char_end"] < left else text[right : row["char_start"]]
        assert len(between.split()) <= (2 * FENCE + 1) * window


def test_windows_of_sentences_hardly_ever_change_more_than_three_chunks_beyond_an_edit() -> None:
    rng, few_beyond = Random(20), 0
    for _ in range(60):
        old = sentences([rng.randint(3, 60) for _ in range(60)])
        at = rng.randrange(60)
        kind, text, depth = old[at]
        new = [*old[:at], (kind, f"{text} One more sentence.", depth), *old[at + 1 :]]
        before, after = (chunked(WordTokenizer(80), document, kind="sentences") for document in (old, new))
        few_beyond += after.filter(~pl.col("chunk_id").is_in(before["chunk_id"].to_list())).height <= 5  # two of them hold the edit
    assert few_beyond >= 58


def test_counting_from_the_beginning_changes_every_chunk_after_an_edit_and_none_before_it() -> None:
    old = sentences([30] * 40)
    new = [*old[:20], ("text", "two words", 0), *old[20:]]
    before, after = (chunked(WordTokenizer(50), document, kind="fixed") for document in (old, new))
    same = before["chunk_id"].is_in(after["chunk_id"].to_list()).to_list()
    assert same == [True] * 12 + [False] * (len(same) - 12)


LETTER: list[Item] = [
    ("title", "A letter", 0),
    ("text", "Kim went out. It rained all day. Nobody came home before the evening.", 0),
    ("text", "The second paragraph has a sentence. And one more of seven words here.", 0),
    ("table", "a | b\nc | d\ne | f", 0),
]


def test_windows_of_sentences_end_between_elements_where_they_can_and_leave_tables_whole() -> None:
    assert chunked(WordTokenizer(20), LETTER, kind="sentences")["text"].to_list() == [
        "A letter\n\nKim went out. It rained all day. Nobody came home before the evening.",
        "The second paragraph has a sentence. And one more of seven words here.",
        "a | b\nc | d\ne | f",
    ]


def test_windows_of_sentences_repeat_whole_sentences_that_fit_into_the_overlap() -> None:
    text = "One two three. Four five. Six seven eight nine. Ten eleven. Twelve. Thirteen fourteen fifteen."
    whole = chunked(WordTokenizer(7), [("text", text, 0)], kind="sentences")["text"].str.strip_chars().to_list()
    assert " ".join(whole) == text
    overlapping = chunked(WordTokenizer(7), [("text", text, 0)], kind="sentences", overlap_tokens=3)
    steps = list(pairwise(overlapping.select("char_start", "char_end").iter_rows()))
    repeated = [text[start:end] for (_, end), (start, _) in steps]
    assert all(start <= end for (_, end), (start, _) in steps)
    assert any(repeated)
    assert all(len(again.split()) <= 3 for again in repeated)


def test_windows_of_tokens_are_full_and_overlap_by_what_is_asked() -> None:
    text = " ".join(f"w{number}" for number in range(30))
    starts = [start for start, _ in WordTokenizer(1).spans([text])[0]]
    cut = cut_fixed(text, [Block(0, 0, len(text))], starts, Limit(10, overlap=4))
    full = [[f"w{n}" for n in range(at, at + 10)] for at in (0, 6, 12, 18)]
    assert [text[start:end].split() for start, end in cut] == [*full, [f"w{n}" for n in range(24, 30)]]


def test_clusters_part_where_the_subject_changes() -> None:
    cats = "Cats purr cats sleep. Cats purr at cats. Cats sleep and cats purr. "
    taxes = "Taxes fall due taxes. Taxes due and taxes owed. Taxes owed fall due."
    chunks = chunked(WordTokenizer(22), [("text", cats + taxes, 0)], kind="semantic", min_tokens=0)
    assert chunks["text"].to_list() == [cats, taxes]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 4))
def test_the_best_runs_are_those_that_trying_all_would_find(seed: int, count: int, longest: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    similar = vectors @ vectors.T
    mean = np.mean([similar[i, j] for i, j in combinations(range(count), 2)]) if count > 1 else 0.0

    def score(runs: Sequence[tuple[int, int]]) -> float:
        return float(sum(similar[i, j] - mean for first, last in runs for i, j in combinations(range(first, last + 1), 2)))

    ways = [
        [(start, end - 1) for start, end in pairwise((0, *cuts, count))]
        for size in range(count)
        for cuts in combinations(range(1, count), size)
    ]
    possible = [runs for runs in ways if all(last - first < longest for first, last in runs)]
    found = best_runs(similar, [max(0, place - longest + 1) for place in range(count)])
    assert found in possible
    assert score(found) == pytest.approx(max(map(score, possible)), abs=1e-4)


@every_kind
def test_a_text_without_a_space_is_cut_into_few_chunks_by_every_chunker(how: dict[str, Any]) -> None:
    assert 7 <= chunked(MiniLmTokenizer(), [("text", "x" * 100_000, 0)], **how).height <= 16


def test_clusters_need_a_model() -> None:
    with pytest.raises(UsageError, match=r"chunking\.kind: semantic needs a model"):
        cutting(ChunkingSettings(kind="semantic"), WordTokenizer(16))


def test_an_overlap_is_at_most_half_of_a_chunk_and_of_kinds_that_have_one() -> None:
    with pytest.raises(ValidationError, match="more than half of max_tokens"):
        ChunkingSettings(kind="fixed", max_tokens=30, overlap_tokens=16)
    with pytest.raises(ValidationError, match="chunks of kind recursive do not overlap"):
        ChunkingSettings(kind="recursive", overlap_tokens=1)
    with pytest.raises(SettingsError, match=r"chunking\.overlap_tokens: 20 is more than half of the 16 tokens"):
        cutting(ChunkingSettings(kind="fixed", max_tokens=100, overlap_tokens=20), WordTokenizer(16))


def test_the_fingerprint_changes_with_every_setting_of_chunking_and_with_the_model_only_for_clusters() -> None:
    ways = [
        ChunkingSettings(),
        ChunkingSettings(kind="fixed"),
        ChunkingSettings(kind="fixed", overlap_tokens=3),
        ChunkingSettings(embed_headings=False),
        ChunkingSettings(min_tokens=3),
        ChunkingSettings(kind="semantic"),
    ]
    prints = [chunking_fingerprint(how, WordTokenizer(64), "t", model) for how in ways for model in ("one", "other")]
    assert len(set(prints)) == len(ways) + 1


def test_chunks_that_overlap_have_ids_of_their_own_even_where_the_text_repeats() -> None:
    chunks = chunked(WordTokenizer(16), [("text", "same words. " * 200, 0)], kind="fixed", overlap_tokens=6)
    assert chunks["text"].n_unique() < chunks.height
    assert chunks["chunk_id"].n_unique() == chunks.height
    assert chunks["chunk_id"][0] == IDENTITY.chunk("0" * 32, chunks["text"][0], 0)
