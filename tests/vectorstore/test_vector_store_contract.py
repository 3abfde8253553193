"""What every vector store promises, asked of the twin in memory, of Milvus Lite and of a Milvus server alike."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import ContractError, ModelMoved
from contracts.ports import VectorQuery, Vectors
from contracts.tables import IndexRow
from vectorstore.memory import MemoryStore
from vectorstore.milvus import MilvusStore, open_milvus
from vectorstore.rows import HIT_SCHEMA, ROW_SCHEMA, STRING_BYTES, UnfitQueryError, UnfitRowError, find_misfits

DIMENSIONS = 8
NOW = 1_700_000_000
OPEN, SHUT = f"{1:032x}", f"{2:032x}"
HOSTILE = (
    *("\\", '"', "'", "\n", "\r", "\t", '\\"', '"] or 1 == 1 or chunk_id in ["', "\0", "\x7f", "\u200b", "\u202e", "\ufeff", "\uffff"),
    *("\U0001f469\u200d\U0001f680", "Nguyễn Văn Ánh", "e\u0301", "%", "_", "{a}", "$meta", "null", "NaN", "--", "/* */", "`", "\\n"),
    *("\\u0041", "a" * 5_000, " lead", "trail "),
)

Store = MemoryStore | MilvusStore


@pytest.fixture(scope="module", params=["memory", "milvus lite", pytest.param("milvus server", marks=pytest.mark.slow)])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore(DIMENSIONS, "model")
        return
    is_server = request.param == "milvus server"
    uri = request.getfixturevalue("server").uri if is_server else str(tmp_path_factory.mktemp("lite") / "index.db")
    store = open_milvus(uri, "contract", DIMENSIONS, "model", frees_after=0)
    yield store
    store.close()


@pytest.fixture
def store(shared: Store, request: pytest.FixtureRequest) -> Store:
    """An empty store. On a server a new collection takes seconds, so only what asks for one gets it."""
    if "milvus server" in request.node.name and request.cls is not TestPurging and shared.made_for() == shared.model:
        shared.delete(held(shared)["chunk_id"].to_list())
    else:
        shared.recreate()
    return shared


def vectors(count: int, seed: int = 0) -> Vectors:
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    unit: Vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def rows(count: int, **changed: Any) -> pl.DataFrame:
    """`count` valid rows, ids from 0; a changed column is one value or a function of the row's number."""
    base: dict[str, Any] = {
        "bucket": 0,
        "chunk_id": lambda n: f"{n:032x}",
        "text": lambda n: f"text {n}",
        "document_id": lambda n: f"{n // 2:032x}",
        "version_id": f"{7:032x}",
        "source_id": "docs",
        "subject_keys": lambda n: [f"{n:032x}"] if n % 2 else [],
        "uri": lambda n: f"folder/file {n}.txt",
        "title": "",
        "heading_path": "One > Two",
        "page_start": 1,
        "page_end": 2**31,
        "char_start": 0,
        "char_end": 2**40,
        "element_kind": "text",
        "language": "en",
        "purposes": lambda n: ["retrieval"],
        "consent_state": "not_required",
        "lawful_basis": "not_personal",
        "access_key": OPEN,
        "classification": "public",
        "expires_at": 0,
        "fingerprint": f"{9:032x}",
        "row_hash": lambda n: f"{n:064x}",
    } | changed
    frame = [{name: value(n) if callable(value) else value for name, value in base.items()} for n in range(count)]
    return IndexRow.validate(pl.DataFrame(frame, schema=IndexRow.create_empty().schema))


def held(store: Store, **options: Any) -> pl.DataFrame:
    pages = list(store.read(**options))
    return pl.concat(pages).sort("chunk_id") if pages else pl.DataFrame(schema=ROW_SCHEMA)


def ask(vector: Any, **changed: Any) -> VectorQuery:
    return VectorQuery(**{"vector": vector, "text": "", "access_keys": (OPEN,), "now": NOW, "limit": 100, **changed})


class TestRows:
    def test_what_was_written_is_read_back_whole(self, store: Store) -> None:
        written = rows(
            len(HOSTILE),
            text=lambda n: f"x{HOSTILE[n]}",
            title=lambda n: HOSTILE[n],
            uri=lambda n: HOSTILE[n],
            heading_path=lambda n: HOSTILE[n],
        )
        store.upsert(written, vectors(len(HOSTILE)))
        assert held(store).equals(written.drop("bucket"))

    def test_vectors_are_read_back_as_written(self, store: Store) -> None:
        store.upsert(rows(5), vectors(5))
        assert np.array_equal(np.array(held(store, vectors=True)["vector"].to_list(), dtype=np.float32), vectors(5))

    @settings(max_examples=15, deadline=None)
    @given(texts=st.lists(st.text(min_size=1, max_size=50), min_size=1, max_size=20), keys=st.lists(st.integers(0, 2**128 - 1), max_size=3))
    def test_any_text_comes_back_as_it_went_in(self, shared: Store, texts: list[str], keys: list[int]) -> None:
        shared.recreate() if isinstance(shared, MemoryStore) else shared.delete(held(shared)["chunk_id"].to_list())
        written = rows(
            len(texts), text=lambda n: texts[n], title=lambda n: texts[-n], subject_keys=lambda n: [f"{key:032x}" for key in keys]
        )
        shared.upsert(written, vectors(len(texts)))
        assert held(shared).equals(written.drop("bucket"))

    def test_a_row_written_again_replaces_the_first_whole(self, store: Store) -> None:
        store.upsert(rows(4, title="old", subject_keys=lambda n: [OPEN]), vectors(4))
        store.upsert(rows(3, text="new", subject_keys=lambda n: []), vectors(3, seed=1))
        assert held(store).equals(
            pl.concat([rows(3, text="new", subject_keys=lambda n: []), rows(4, title="old", subject_keys=lambda n: [OPEN])[3:]]).drop(
                "bucket"
            )
        )
        assert np.array_equal(np.array(held(store, vectors=True)["vector"].to_list(), dtype=np.float32)[:3], vectors(3, seed=1))

    def test_deleted_rows_are_gone_and_absent_ids_are_no_error(self, store: Store) -> None:
        store.upsert(rows(6), vectors(6))
        store.delete([f"{n:032x}" for n in (0, 2, 99)])
        assert held(store)["chunk_id"].to_list() == [f"{n:032x}" for n in (1, 3, 4, 5)]

    def test_nothing_to_write_or_delete_changes_nothing(self, store: Store) -> None:
        store.upsert(rows(2), vectors(2))
        store.upsert(rows(0), vectors(0))
        store.delete([])
        assert store.state().rows == 2


class TestState:
    def test_rows_are_counted_exactly_after_every_change(self, store: Store) -> None:
        counted = []
        for count in (10, 12):
            store.upsert(rows(count), vectors(count))
            counted.append(store.state().rows)
        store.delete([f"{0:032x}"])
        counted.append(store.state().rows)
        assert counted == [10, 12, 11]

    def test_another_collection_has_another_name_and_no_rows(self, store: Store) -> None:
        store.upsert(rows(3), vectors(3))
        before = store.state()
        store.recreate()
        assert store.state().collection != before.collection
        assert store.state().collection == store.collection()
        assert (store.state().rows, held(store).height) == (0, 0)

    def test_its_own_collection_is_not_outdated(self, store: Store) -> None:
        assert not store.outdated()


class TestSearch:
    def test_the_nearest_row_comes_first_with_all_its_columns(self, store: Store) -> None:
        store.upsert(rows(50), vectors(50))
        found = store.search(ask(vectors(50)[17], limit=5))
        assert found.columns == list(HIT_SCHEMA)
        assert found["chunk_id"][0] == f"{17:032x}"
        assert found["score"][0] == pytest.approx(1, abs=1e-5)
        assert found.height == 5
        assert found["score"].is_sorted(descending=True)
        assert found.head(1).drop("score", "cosine").equals(rows(50)[17].drop("bucket"))

    def test_only_rows_that_the_keys_open_are_found(self, store: Store) -> None:
        store.upsert(rows(30, access_key=lambda n: (OPEN, SHUT)[n % 2]), vectors(30))
        assert set(store.search(ask(vectors(30)[1]))["access_key"]) == {OPEN}
        assert store.search(ask(vectors(30)[1], access_keys=(OPEN, SHUT))).height == 30
        assert store.search(ask(vectors(30)[1], access_keys=(f"{3:032x}",))).height == 0

    def test_a_row_is_gone_from_the_second_in_which_it_expires(self, store: Store) -> None:
        store.upsert(rows(4, expires_at=lambda n: (0, NOW - 1, NOW, NOW + 1)[n]), vectors(4))
        assert set(store.search(ask(vectors(4)[0]))["expires_at"]) == {0, NOW + 1}
        assert set(store.search(ask(vectors(4)[0], now=NOW - 1))["expires_at"]) == {0, NOW, NOW + 1}

    def test_deleted_and_replaced_rows_are_not_found(self, store: Store) -> None:
        store.upsert(rows(4), vectors(4))
        store.delete([f"{0:032x}"])
        store.upsert(rows(2)[1:], vectors(4, seed=3)[1:2])
        found = store.search(ask(vectors(4)[0]))
        assert sorted(found["chunk_id"]) == [f"{n:032x}" for n in (1, 2, 3)]
        assert store.search(ask(vectors(4, seed=3)[1], limit=1))["score"][0] == pytest.approx(1, abs=1e-5)

    def test_a_hostile_question_finds_no_more_than_a_plain_one(self, store: Store) -> None:
        store.upsert(rows(6, access_key=lambda n: (OPEN, SHUT)[n % 2]), vectors(6))
        for text in HOSTILE:
            assert set(store.search(ask(vectors(6)[0], text=text))["access_key"]) == {OPEN}

    def test_an_empty_index_finds_nothing(self, store: Store) -> None:
        assert store.search(ask(vectors(1)[0])).height == 0
        assert store.search(ask(vectors(1)[0], text="text", by="words")).height == 0


class TestWords:
    """A server that knows no words finds nothing by them; everything else here holds for it too."""

    TEXTS = ("the harbour at dawn", "the HARBOUR, the harbour!", "Điều khoản bảo hành", "a list of numbers")

    def found(self, store: Store, text: str, **changed: Any) -> list[int]:
        hits = store.search(ask(vectors(1)[0], text=text, by="words", **changed))
        assert hits.columns == list(HIT_SCHEMA)
        assert hits["score"].is_sorted(descending=True)
        assert (hits["score"] > 0).all()
        return [int(chunk_id, 16) for chunk_id in hits["chunk_id"]]

    def test_only_rows_with_a_word_of_the_question_are_found_the_richest_first(self, store: Store) -> None:
        store.upsert(rows(4, text=lambda n: self.TEXTS[n]), vectors(4))
        known = store.knows_words()
        assert self.found(store, "Harbour") == ([1, 0] if known else [])
        assert self.found(store, "bảo hành numbers") == ([2, 3] if known else [])
        assert self.found(store, "zeppelin") == []
        assert self.found(store, "harbour", limit=1) == ([1] if known else [])

    def test_words_open_nothing_that_the_keys_do_not_and_nothing_that_expired(self, store: Store) -> None:
        store.upsert(
            rows(6, text="harbour", access_key=lambda n: (OPEN, SHUT)[n % 2], expires_at=lambda n: (0, 0, NOW, 0, NOW + 1, 0)[n]),
            vectors(6),
        )
        assert self.found(store, "harbour") == ([0, 4] if store.knows_words() else [])

    def test_what_was_deleted_or_replaced_is_not_found_by_its_words(self, store: Store) -> None:
        store.upsert(rows(3, text="harbour"), vectors(3))
        store.settle()
        store.upsert(rows(2, text="lighthouse")[1:], vectors(2)[1:])
        store.delete([f"{0:032x}"])
        assert self.found(store, "harbour") == ([2] if store.knows_words() else [])
        assert self.found(store, "lighthouse") == ([1] if store.knows_words() else [])

    def test_a_hostile_question_finds_no_more_than_its_words(self, store: Store) -> None:
        store.upsert(rows(6, text="harbour", access_key=lambda n: (OPEN, SHUT)[n % 2]), vectors(6))
        for text in HOSTILE:
            if text.strip():
                assert self.found(store, text) == []

    def test_the_twin_scores_as_milvus_lite_does(self, store: Store) -> None:
        texts = [f"{'harbour ' * (n % 4)}wall {'stone ' * (n % 7)}number {n}" for n in range(40)]
        store.upsert(rows(40, text=lambda n: texts[n]), vectors(40))
        store.settle()
        twin = MemoryStore(DIMENSIONS, "model")
        twin.upsert(rows(40, text=lambda n: texts[n]), vectors(40))
        asked = ask(vectors(1)[0], text="harbour stone stone 17", by="words")
        if store.knows_words() and not getattr(store, "uri", "").startswith("http"):
            mine, its = (each.search(asked).sort("chunk_id") for each in (store, twin))
            assert mine["chunk_id"].equals(its["chunk_id"])
            assert mine["score"].to_list() == pytest.approx(its["score"].to_list(), rel=1e-5)

    def test_what_words_find_says_how_near_it_is(self, store: Store) -> None:
        store.upsert(rows(9, text="harbour"), vectors(9) * 3)
        by_vector, by_words = (store.search(ask(vectors(9)[4], text="harbour", by=by)).sort("chunk_id") for by in ("vector", "words"))
        assert by_vector["cosine"].equals(by_vector["score"], check_names=False)
        if store.knows_words():
            assert by_words["cosine"].to_list() == pytest.approx(by_vector["cosine"].to_list(), abs=1e-6)


class TestRefusals:
    @pytest.mark.parametrize(
        ("poison", "text"),
        [(float("nan"), "not finite"), (float("inf"), "not finite"), (0.0, "is zero")],
    )
    def test_a_poisoned_vector_is_refused_by_name_and_nothing_is_written(self, store: Store, poison: float, text: str) -> None:
        bad = vectors(3)
        bad[1] = poison
        with pytest.raises(UnfitRowError, match=f"{1:032x} .*{text}|{1:032x} {text}"):
            store.upsert(rows(3), bad)
        assert store.state().rows == 0

    @pytest.mark.parametrize("shape", [(2, DIMENSIONS), (3, DIMENSIONS + 1)])
    def test_vectors_of_another_shape_are_refused(self, store: Store, shape: tuple[int, int]) -> None:
        with pytest.raises(UnfitRowError, match="shape"):
            store.upsert(rows(3), np.ones(shape, dtype=np.float32))

    def test_a_text_is_measured_in_bytes(self, store: Store) -> None:
        fits, too_long = "ế" * (STRING_BYTES // 3), "ế" * (STRING_BYTES // 3 + 1)
        store.upsert(rows(1, text=fits), vectors(1))
        assert held(store)["text"][0] == fits
        with pytest.raises(UnfitRowError, match=f"chunk {1:032x}: column 'text' has 65538 bytes of UTF-8, the store holds 65535"):
            store.upsert(rows(2, text=lambda n: ("short", too_long)[n]), vectors(2))

    def test_too_many_subjects_are_refused(self, store: Store) -> None:
        with pytest.raises(UnfitRowError, match="column 'subject_keys' has 4097 entries, the store holds 4096"):
            store.upsert(rows(1, subject_keys=lambda n: [OPEN] * 4_097), vectors(1))

    def test_a_missing_column_is_named(self, store: Store) -> None:
        with pytest.raises(UnfitRowError, match="column 'access_key' is missing"):
            store.upsert(rows(1).drop("access_key"), vectors(1))

    def test_a_chunk_cannot_stand_twice_in_a_batch(self, store: Store) -> None:
        with pytest.raises(UnfitRowError, match="stands twice"):
            store.upsert(pl.concat([rows(1), rows(1)]), vectors(2))

    @pytest.mark.parametrize(
        ("changed", "text"),
        [
            ({"access_keys": ()}, "without access keys"),
            ({"access_keys": ('"] or 1==1 or access_key in ["',)}, "not 32 hexadecimal"),
            ({"limit": 0}, "1 to 16384"),
            ({"limit": 16_385}, "1 to 16384"),
            ({"by": "words", "text": " \n"}, "without a word"),
            ({"vector": np.zeros(DIMENSIONS, dtype=np.float32)}, "zero or not finite"),
            ({"vector": np.full(DIMENSIONS, np.nan, dtype=np.float32)}, "zero or not finite"),
            ({"vector": np.ones(3, dtype=np.float32)}, "same model"),
        ],
    )
    def test_a_question_that_cannot_be_asked_is_refused(self, store: Store, changed: dict[str, Any], text: str) -> None:
        with pytest.raises(UnfitQueryError, match=text):
            store.search(ask(**{"vector": vectors(1)[0], **changed}))

    @pytest.mark.parametrize("call", [lambda s: s.delete(["x"]), lambda s: s.forget(["../etc"]), lambda s: s.count(["a b"])])
    def test_only_opaque_ids_reach_a_store(self, store: Store, call: Callable[[Store], object]) -> None:
        with pytest.raises(ContractError, match="not 32 hexadecimal"):
            call(store)

    def test_misfits_can_be_found_before_they_are_refused(self) -> None:
        assert find_misfits(rows(3, text=lambda n: "é" * (40_000 if n == 1 else 1)))["chunk_id"].to_list() == [f"{1:032x}"]


class TestForgetting:
    def test_a_forgotten_document_is_gone_and_counted(self, store: Store) -> None:
        store.upsert(rows(10), vectors(10))
        forgotten = store.forget({f"{1:032x}", f"{3:032x}", f"{77:032x}"})
        assert (forgotten.copy, forgotten.before, forgotten.after, forgotten.shared) == ("index", 4, 0, 0)
        assert sorted(set(held(store)["document_id"])) == [f"{n:032x}" for n in (0, 2, 4)]
        assert store.count([f"{1:032x}"]) == 0
        assert store.count([f"{2:032x}"]) == 2

    def test_forgetting_nobody_forgets_nothing(self, store: Store) -> None:
        store.upsert(rows(2), vectors(2))
        assert store.forget([]).before == 0
        assert store.state().rows == 2


class TestPurging:
    @pytest.mark.parametrize("leave", [lambda s: s.delete([f"{3:032x}"]), lambda s: s.upsert(rows(4, title="new")[3:], vectors(4)[3:])])
    def test_the_rows_that_stay_are_the_same_in_another_collection(self, store: Store, leave: Callable[[Store], None]) -> None:
        store.upsert(rows(12, text=lambda n: f"xà phòng {n}"), vectors(12))
        store.settle()
        leave(store)
        before, found, collection = held(store, vectors=True), store.search(ask(vectors(12)[5])), store.collection()
        assert store.purge() == "purged"
        assert held(store, vectors=True).equals(before)
        again = store.search(ask(vectors(12)[5]))
        assert again.drop("score", "cosine").equals(found.drop("score", "cosine"))
        assert again["score"].to_list() == pytest.approx(found["score"].to_list(), abs=1e-6)
        assert store.collection() == store.state().collection != collection
        assert store.state().rows == before.height

    def test_where_nothing_left_nothing_is_rewritten(self, store: Store) -> None:
        store.upsert(rows(5), vectors(5))
        store.settle()
        collection = store.collection()
        store.forget([f"{99:032x}"])
        assert (store.purge(), store.collection()) == ("purged", collection)
        store.forget([f"{0:032x}"])
        store.forget([f"{1:032x}"])
        assert store.purge() == "purged"
        rewritten = store.collection()
        assert rewritten != collection
        assert (store.purge(), store.collection()) == ("purged", rewritten)

    def test_a_purged_store_goes_on_taking_rows(self, store: Store) -> None:
        store.upsert(rows(3), vectors(3))
        store.delete([f"{0:032x}", f"{1:032x}", f"{2:032x}"])
        assert store.purge() == "purged"
        assert store.state().rows == 0
        assert not store.outdated()
        store.upsert(rows(3), vectors(3))
        assert held(store).equals(rows(3).drop("bucket"))


class TestBuildingBeside:
    """One collection answers while another is built, and one call puts it in its place."""

    @pytest.fixture
    def live(self, store: Store) -> Store:
        store.drop("_next")
        store.drop("_before")
        store.upsert(rows(6), vectors(6))
        return store

    def test_what_is_built_beside_is_seen_by_no_search_until_it_is_promoted(self, live: Store) -> None:
        other = replace(live, model="model two")
        beside = other.beside()
        beside.upsert(rows(2, text="new"), vectors(2))
        assert live.search(ask(vectors(6)[4], limit=10)).height == 6
        assert (live.state().rows, beside.state().rows) == (6, 2)
        assert (live.made_for(), beside.made_for(), other.outdated()) == ("model", "model two", True)
        other.promote()
        assert (other.made_for(), other.outdated()) == ("model two", False)
        assert other.search(ask(vectors(2)[1], limit=10))["text"].to_list() == ["new"] * 2

    def test_a_question_by_the_vectors_of_another_model_is_refused_not_answered(self, live: Store) -> None:
        other = replace(live, model="model two")
        question = replace(ask(vectors(6)[4]), model="model")
        assert other.search(question).height == 6
        other.beside().upsert(rows(2), vectors(2))
        other.promote()
        with pytest.raises(ModelMoved):
            live.search(question)

    def test_what_was_begun_beside_goes_on_where_it_stopped_unless_it_is_another_models(self, live: Store) -> None:
        replace(live, model="model two").beside().upsert(rows(3), vectors(3))
        assert replace(live, model="model two").beside().state().rows == 3
        assert replace(live, model="model three").beside().state().rows == 0

    def three_generations(self, live: Store) -> tuple[Store, Store]:
        """By the model that answers, and by the one that is being built; what `live` had is replaced."""
        second, third = replace(live, model="model two"), replace(live, model="model three")
        second.beside().upsert(rows(6), vectors(6))
        second.promote()
        third.beside().upsert(rows(6), vectors(6))
        return second, third

    def test_an_erasure_reaches_what_answers_what_is_built_and_what_was_replaced(self, live: Store) -> None:
        second, _ = self.three_generations(live)
        person = [f"{0:032x}"]
        each = held(live).filter(pl.col("document_id").is_in(person)).height
        assert second.count(person) == second.forget(person).before == 3 * each
        assert second.count(person) == 0
        assert second.purge() == "purged"

    def test_what_is_taken_out_beside_stays_in_what_answers(self, live: Store) -> None:
        second, third = self.three_generations(live)
        person = [f"{0:032x}"]
        each = held(second).filter(pl.col("document_id").is_in(person)).height
        second.forget_beside(person)
        assert second.count(person) == each > 0
        assert (held(second).height, held(third.beside()).height) == (6, 6 - each)

    def test_back_to_the_model_before_begins_with_the_rows_that_were_replaced(self, live: Store) -> None:
        other = replace(live, model="model two")
        other.beside().upsert(rows(2), vectors(2))
        other.promote()
        again = live.beside()
        assert held(again, vectors=True).equals(held_of(6))
        live.promote()
        assert held(live, vectors=True).equals(held_of(6))

    def test_what_was_replaced_goes_when_it_is_dropped_and_what_answers_stays(self, live: Store) -> None:
        other = replace(live, model="model two")
        other.beside().upsert(rows(2), vectors(2))
        other.promote()
        other.drop("_before")
        assert live.beside().state().rows == 0
        assert other.state().rows == 2

    def test_nothing_can_be_promoted_that_was_not_built(self, live: Store) -> None:
        with pytest.raises(LookupError, match="call `beside` first"):
            live.promote()
        assert live.state().rows == 6


def held_of(count: int) -> pl.DataFrame:
    """What a store reads back of `rows(count)` and `vectors(count)`."""
    return rows(count).drop("bucket").with_columns(vector=pl.Series(vectors(count).tolist(), dtype=pl.List(pl.Float32)))


def test_a_path_is_not_needed_before_the_first_upsert(tmp_path: Path) -> None:
    store = open_milvus(str(tmp_path / "new" / "index.db"), "ragkeep", DIMENSIONS, "model")
    try:
        assert (store.state().collection, store.collection(), store.state().rows) == ("", "", 0)
        assert not store.outdated()
        assert list(store.read()) == []
        assert store.search(ask(vectors(1)[0])).height == 0
        assert store.forget([OPEN]).before == 0
        assert store.purge() == "purged"
        store.delete([OPEN])
        assert store.state().collection == ""
    finally:
        store.close()
