"""Meaning and words together: either finds what the other cannot, both keep to what the reader may see, and nothing else moves a score."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from configs.settings import RetrievalSettings
from contracts.ports import ModelIdentity, VectorQuery
from contracts.tables import IndexRow
from retrieval.fuse import fuse
from retrieval.memory import MemoryStanding
from retrieval.readers import ANONYMOUS
from retrieval.search import Answer, Corpus, Question, search
from retrieval.words import score_words
from vectorstore.bm25 import bm25
from vectorstore.memory import MemoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN, SHUT = f"{1:032x}", f"{2:032x}"


class Terms:
    access_key, groups, classification, purposes = OPEN, (), "public", ("retrieval",)


class Blind:
    """An embedder whose question is nearest to row 0, a little less near to row 1, and so on."""

    identity = ModelIdentity("0" * 64, "test", "float32", 2, 99, "", "", True)

    def embed_query(self, _: str, /) -> Any:
        return np.array([1, 0], dtype=np.float32)

    def embed_documents(self, texts: Any, /) -> Any:
        angles = np.linspace(0, 1, num=len(texts), dtype=np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def corpus(texts: list[str], *, shut: frozenset[int] = frozenset(), how: dict[str, Any] | None = None, store: Any = None) -> Corpus:
    plain = {name: pl.repeat("x", len(texts), eager=True) for name, kind in IndexRow.create_empty().schema.items() if kind == pl.String}
    numbers = {
        name: pl.repeat(0, len(texts), dtype=kind, eager=True) for name, kind in IndexRow.create_empty().schema.items() if kind.is_integer()
    }
    own = {
        **{name: pl.Series([f"{n:032x}" for n in range(len(texts))]) for name in ("chunk_id", "document_id", "version_id")},
        "access_key": pl.Series([SHUT if n in shut else OPEN for n in range(len(texts))]),
        "text": pl.Series(texts),
        "classification": pl.repeat("public", len(texts), eager=True),
        "lawful_basis": pl.repeat("not_personal", len(texts), eager=True),
        "subject_keys": pl.Series([[]] * len(texts), dtype=pl.List(pl.String)),
        "purposes": pl.Series([["retrieval"]] * len(texts)),
    }
    frame = pl.DataFrame({**plain, **numbers, **own}, schema_overrides=IndexRow.create_empty().schema)
    store = MemoryStore(2, "blind") if store is None else store
    store.upsert(frame, Blind().embed_documents(texts))
    return Corpus(store, Blind(), (Terms(),), MemoryStanding(), RetrievalSettings(**(how or {})))


def ask(held: Corpus, text: str, **changed: Any) -> Answer:
    return search(Question(text, **changed), ANONYMOUS, held, now=NOW)


def order(answer: Answer) -> list[int]:
    return [int(hit.chunk_id, 16) for hit in answer.hits]


WORDY = {"meaning_weight": 0.4}
NOISE = [f"nothing of note {n}" for n in range(40)]
words = st.lists(st.sampled_from(["harbour", "bridges", "bridge", "iron", "stone", "the"]), min_size=1, max_size=6).map(" ".join)
fusions = st.fixed_dictionaries({"fusion": st.sampled_from(["scores", "ranks"]), "meaning_weight": st.sampled_from([0.0, 0.3, 0.5, 1.0])})


def test_a_rare_word_brings_up_what_meaning_ranks_last() -> None:
    held = corpus([*NOISE, "the zeppelin LZ-127"], how=WORDY)
    assert order(ask(held, "LZ-127", limit=1)) == [40]
    assert order(ask(held, "LZ-127", limit=1, hybrid=False)) == [0]
    assert order(ask(replace(held, how=RetrievalSettings(hybrid=False)), "LZ-127", limit=1)) == [0]


def test_what_only_words_find_is_found_however_far_its_meaning_is() -> None:
    held = corpus([*NOISE, "the zeppelin LZ-127"], how={"depth": 3, **WORDY})
    assert order(ask(held, "LZ-127", limit=1)) == [40]
    wordless = corpus([*NOISE, "the zeppelin LZ-127"], how={"depth": 3}, store=MemoryStore(2, "blind", words=False))
    assert 40 not in order(ask(wordless, "LZ-127", limit=3))


def test_a_word_is_found_in_its_other_forms_as_its_beginning_is_the_same() -> None:
    assert order(ask(corpus([*NOISE, "two vaccinations"], how=WORDY), "vaccinated", limit=1)) == [40]


def test_an_index_without_words_says_what_it_cannot_and_still_ranks_by_them_what_meaning_found() -> None:
    held = corpus([*NOISE, "the zeppelin LZ-127"], how=WORDY, store=MemoryStore(2, "blind", words=False))
    answer = ask(held, "LZ-127", limit=1)
    assert order(answer) == [40]
    assert answer.note is not None
    assert "cannot search by words" in answer.note
    assert ask(held, "LZ-127", hybrid=False).note is None
    assert ask(corpus(NOISE), "LZ-127").note is None


@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=1, max_size=12), st.frozensets(st.integers(0, 11)), words, fusions, st.integers(1, 5))
def test_what_a_reader_may_not_see_moves_neither_a_hit_nor_a_score(
    texts: list[str], shut: frozenset[int], question: str, how: dict[str, Any], limit: int
) -> None:
    """The whole of it, to the bit: how rare a word is among others' passages would tell of them."""
    everything = corpus(texts, shut=shut, how=how)
    alone = corpus(texts, shut=shut, how=how)
    alone.store.delete([f"{n:032x}" for n in shut])  # type: ignore[attr-defined]
    seen = ask(everything, question, limit=limit)
    assert [(hit.chunk_id, hit.score) for hit in seen.hits] == [(hit.chunk_id, hit.score) for hit in ask(alone, question, limit=limit).hits]
    assert len(seen.hits) == min(limit, len(texts) - len({n for n in shut if n < len(texts)}))


def test_a_store_that_ignores_the_filter_discloses_nothing_by_words() -> None:
    class Leaky(MemoryStore):
        def search(self, query: VectorQuery, /) -> pl.DataFrame:
            return MemoryStore.search(self, replace(query, access_keys=(OPEN, SHUT)) if query.by == "words" else query)

    held = corpus(["harbour", "harbour"], shut=frozenset({1}), store=Leaky(2, "blind"))
    assert order(ask(held, "harbour")) == [0]


def test_an_erased_document_is_withheld_however_it_was_found() -> None:
    held = corpus([*NOISE, "the zeppelin LZ-127"], how={"depth": 3})
    erased = replace(held, standing=MemoryStanding(frozenset({("document", f"{40:032x}")})))
    assert 40 not in order(ask(erased, "LZ-127", limit=20))


@settings(max_examples=60, deadline=None)
@example([("harbour", 0.0), ("harbour", 2.2250738585e-313)], "harbour", {"fusion": "scores", "meaning_weight": 0.0})
@given(st.lists(st.tuples(words, st.floats(-1, 1)), min_size=1, max_size=8), words, fusions)
def test_each_candidate_is_ranked_once_and_better_in_both_is_never_worse(
    found: list[tuple[str, float]], question: str, how: dict[str, Any]
) -> None:
    frame = pl.DataFrame(
        {
            "chunk_id": [str(n) for n in range(len(found))],
            "text": [text for text, _ in found],
            "cosine": pl.Series([cosine for _, cosine in found], dtype=pl.Float64),
        }
    )
    ranked = fuse(question, frame, RetrievalSettings(**how))
    assert sorted(ranked["chunk_id"]) == frame["chunk_id"].to_list()
    assert ranked["score"].is_sorted(descending=True)
    said = score_words(question, frame["text"]).to_list()
    both = {str(n): (cosine, said[n]) for n, (_, cosine) in enumerate(found)}
    scores = dict(ranked.select("chunk_id", "score").iter_rows())
    for one in both:
        for other in both:
            if both[one][0] >= both[other][0] and both[one][1] >= both[other][1]:
                assert scores[one] >= scores[other] - 1e-12


def test_bm25_equals_its_formula_worked_by_hand() -> None:
    """Two passages of 2 and 4 words, mean 3; k1 = 1.5, b = 0.75. `a` is in both, `b` in the second only, twice."""
    both, one = np.log(0.5 / 2.5 + 1), np.log(1.5 / 1.5 + 1)
    short, long = 1.5 * (0.25 + 0.75 * 2 / 3), 1.5 * (0.25 + 0.75 * 4 / 3)
    wanted = [both * 2.5 / (1 + short), both * 2.5 / (1 + long) + one * 2 * 2.5 / (2 + long)]
    assert bm25(["a", "b"], [["a", "x"], ["a", "b", "b", "y"]]) == pytest.approx(wanted)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=6), max_size=6), st.lists(st.sampled_from("abcz"), max_size=4))
def test_bm25_is_positive_exactly_where_a_word_is_shared(passages: list[list[str]], question: list[str]) -> None:
    scores = bm25(question, passages)
    assert [bool(score > 0) for score in scores] == [bool(set(question) & set(passage)) for passage in passages]
