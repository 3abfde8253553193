"""What only a real Milvus can break: literals in filters, the lock on a folder, another model, what a crash leaves."""

import logging
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from contracts.errors import ModelMoved, SettingsError, StoreUnavailable, WorkspaceLocked
from contracts.ports import VectorQuery
from contracts.tables import IndexRow
from vectorstore.collection import has_bm25, key_index
from vectorstore.connection import shown, speaking
from vectorstore.family import Family
from vectorstore.filters import literal, one_of
from vectorstore.messages import spans
from vectorstore.milvus import MilvusStore, open_milvus
from vectorstore.nearest import find_nearest

DIMENSIONS = 4
KEY = f"{1:032x}"
HOSTILE = [
    *("", " ", "\\", "\\\\", '"', '\\"', "'", "''", "\n", "\r", "\t", "\r\n", "\b", "\f", "\v", "\0", "\x1b", "\x7f", "\x85", "\u2028"),
    *("\u200b", "\u202e", "\ufeff", "\uffff", "\ufffd", "\U0001f600", "\U0001f469\u200d\U0001f680", "e\u0301", "é", "Nguyễn", "日本語"),
    *("العربية", "\\n", "\\t", "\\u0041", "\\x41", "%", "_", "*", "?", "[", "]", "[]", "{", "}", "{x}", "$", "$meta", "null", "true", "1"),
    *("1 == 1", '" or "" == "', '"] or uri in ["', "--", "//", "/*", "a\\", "a\\\n", 'a"b', "a'b", "C:\\new\\table\\readme.txt"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("lite") / "index.db")


@pytest.fixture(scope="module")
def store(folder: str) -> Iterator[MilvusStore]:
    opened = open_milvus(folder, "ragkeep", DIMENSIONS, "model one")
    yield opened
    opened.close()


def rows(count: int, **changed: list[Any]) -> pl.DataFrame:
    number = pl.int_range(count, eager=True)
    ids = pl.Series([f"{n:032x}" for n in number])
    plain = {name: pl.repeat("x", count, eager=True) for name, kind in IndexRow.create_empty().schema.items() if kind == pl.String}
    numbers = {
        name: pl.repeat(0, count, dtype=kind, eager=True) for name, kind in IndexRow.create_empty().schema.items() if kind.is_integer()
    }
    lists = {name: pl.Series([[KEY]] * count, dtype=pl.List(pl.String)) for name in ("subject_keys", "purposes")}
    own = {"chunk_id": ids, "document_id": ids, "version_id": ids, "fingerprint": ids, "access_key": pl.repeat(KEY, count, eager=True)}
    return pl.DataFrame({**plain, **numbers, **lists, **own, **changed}, schema_overrides=IndexRow.create_empty().schema)


def ones(count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.full((count, DIMENSIONS), 0.5, dtype=np.float32)


def ask(text: str, **changed: Any) -> VectorQuery:
    return VectorQuery(**{"vector": ones(1)[0], "text": text, "access_keys": (KEY,), "now": 0, "limit": 10, **changed})


def run(folder: str, body: str) -> subprocess.Popen[str]:
    """A second process with `store` open on the folder; it prints before it waits."""
    script = f"""
        from vectorstore.milvus import open_milvus
        store = open_milvus({folder!r}, "ragkeep", {DIMENSIONS}, "model one")
    """
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script) + textwrap.dedent(body)],
        cwd=root,
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )


def test_a_literal_matches_the_string_that_it_was_made_of_and_no_other(store: MilvusStore) -> None:
    store.recreate()
    store.upsert(rows(len(HOSTILE), uri=HOSTILE), ones(len(HOSTILE)))
    for value in HOSTILE:
        found = store.client.query("ragkeep", filter=one_of("uri", [value]), output_fields=["uri"])
        assert [row["uri"] for row in found] == [value], literal(value)


def test_words_find_what_the_vector_cannot_tell_apart(store: MilvusStore) -> None:
    store.recreate()
    store.upsert(rows(3, text=["the harbour at dawn", "Điều khoản bảo hành", "a list of numbers"]), ones(3))
    assert store.search(ask("bảo hành", by="words"))["text"].to_list() == ["Điều khoản bảo hành"]
    assert store.search(ask("HARBOUR", by="words"))["text"].to_list() == ["the harbour at dawn"]
    assert store.search(ask("harbour"))["score"].to_list() == pytest.approx([1, 1, 1], abs=1e-5)


def test_a_collection_of_another_model_is_outdated_and_refuses_to_mix(store: MilvusStore) -> None:
    store.recreate()
    store.upsert(rows(2), ones(2))
    other = replace(store, model="model two")
    assert other.outdated()
    with pytest.raises(SettingsError, match=r"holds vectors of another model than the settings name.*ragkeep reindex"):
        other.upsert(rows(1), ones(1))
    with pytest.raises(ModelMoved, match=r"'ragkeep' holds vectors of another model than the question's\. Ask again"):
        other.search(ask("x"))
    assert other.search(replace(ask("x"), model="model one")).height == 2
    # An erasure must not wait for the model.
    assert other.forget([f"{0:032x}"]).before == 1
    assert other.state().rows == 1
    other.recreate()
    assert not other.outdated()
    assert store.outdated()
    assert other.state().rows == 0
    assert len(store.client.list_collections()) == 1


def test_a_collection_that_a_crash_left_without_an_alias_goes_with_the_next_erasure(store: MilvusStore) -> None:
    store.recreate()
    store.upsert(rows(1), ones(1))
    kept = store.state()
    for name in ("ragkeep_0123abcd", "ragkeep_other"):
        store.client.create_collection(name, dimension=4)
    store.forget([f"{5:032x}"])
    assert sorted(store.client.list_collections()) == sorted([kept.collection, "ragkeep_other"])
    assert store.state() == kept
    store.client.drop_collection("ragkeep_other")


def test_a_collection_of_someone_else_is_not_taken(store: MilvusStore) -> None:
    store.client.create_collection("theirs", dimension=4)
    mine = replace(store, family=Family(store.client, store.uri, "theirs"))
    with pytest.raises(SettingsError, match=r"'theirs' is a collection at .* that ragkeep did not make. Choose another name"):
        mine.upsert(rows(1), ones(1))
    store.client.drop_collection("theirs")


def test_searches_that_come_while_the_first_one_loads_the_collection_wait_for_it(
    store: MilvusStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Milvus Lite refused them, since it was still loading: on a large index that is seconds."""
    store.recreate()
    store.upsert(rows(3), ones(3))
    store.family._known.clear()
    loaded: list[str] = []
    load = store.client.load_collection

    def slowly(name: str, **options: Any) -> None:
        store.client.release_collection(name)
        loaded.append(name)
        time.sleep(0.3)
        load(name, **options)

    monkeypatch.setattr(store.client, "load_collection", slowly)
    with ThreadPoolExecutor(4) as threads:
        assert [found.height for found in threads.map(lambda _: store.search(ask("x")), range(4))] == [3] * 4
    assert len(loaded) == 1


def test_a_search_that_looked_the_collection_up_before_a_purge_dropped_it_finds_the_one_after(
    store: MilvusStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.recreate()
    store.upsert(rows(3), ones(3))
    store.delete([f"{0:032x}"])
    asked: list[str] = []

    def purge_first(client: Any, name: str, query: VectorQuery) -> pl.DataFrame:
        if not asked:
            assert store.purge() == "purged"
        asked.append(name)
        return find_nearest(client, name, query)

    monkeypatch.setattr("vectorstore.milvus.find_nearest", purge_first)
    assert store.search(ask("x")).height == 2
    assert len(set(asked)) == 2


@pytest.mark.parametrize("generation", ["_next", "_before"])
def test_an_alias_that_a_killed_promotion_left_at_the_live_collection_keeps_nothing(store: MilvusStore, generation: Any) -> None:
    store.recreate()
    store.upsert(rows(3), ones(3))
    store.family.point(generation, store.collection())
    store.delete([f"{0:032x}"])
    assert store.purge() == "purged"
    assert store.client.list_collections() == [store.collection()]


def test_settled_rows_are_as_they_were(store: MilvusStore) -> None:
    store.recreate()
    store.upsert(rows(3), ones(3))
    store.settle()
    assert store.search(ask("x")).height == store.state().rows == 3


def test_large_rows_travel_in_small_messages(store: MilvusStore) -> None:
    store.recreate()
    many = rows(900, text=["ế" * 21_845] * 900)
    runs = list(spans(many, DIMENSIONS))
    assert [start for start, _ in runs[1:]] == [end for _, end in runs[:-1]]
    assert (runs[0][0], runs[-1][1]) == (0, 900)
    assert all((end - start) * 65_535 <= 16_000_000 for start, end in runs)
    assert list(spans(rows(0), DIMENSIONS)) == []
    assert list(spans(rows(2_500), DIMENSIONS)) == [(0, 1_000), (1_000, 2_000), (2_000, 2_500)]


def test_nothing_of_a_filter_or_a_row_is_logged(
    store: MilvusStore, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StoreUnavailable) as raised, speaking(store.uri, "asking"):
        store.client.query("ragkeep", filter='uri == "secret person" and (', output_fields=["uri"])
    out, err = capfd.readouterr()
    assert "secret person" not in caplog.text + out + err + str(raised.value)
    assert "asking failed" in str(raised.value)


def test_a_folder_is_one_process_at_a_time_and_the_other_is_named(tmp_path: Path) -> None:
    folder = str(tmp_path / "index.db")
    other = run(folder, "print('open', flush=True); input(); store.close(); print('closed', flush=True); input()")
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == "open\n"
    try:
        with pytest.raises(WorkspaceLocked, match=rf"process {other.pid} \(.*\) holds it, and only one process may"):
            open_milvus(folder, "ragkeep", DIMENSIONS, "model one")
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "closed\n"
        open_milvus(folder, "ragkeep", DIMENSIONS, "model one").close()
    finally:
        other.kill()
        other.communicate()


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StoreUnavailable, match=r"milvus at http://127\.0\.0\.1:9: no answer"):
        open_milvus("http://anna:hunter2@127.0.0.1:9", "ragkeep", DIMENSIONS, "model one", token="s3cret")
    assert shown("https://u:p@w@host:19530/db") == "https://host:19530/db"


def test_a_folder_must_look_like_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"neither an address .* nor a folder whose name ends in \.db"):
        open_milvus(str(tmp_path / "index"), "ragkeep", DIMENSIONS, "model one")


def test_a_folder_that_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.db").write_text("not a folder")
    with pytest.raises(StoreUnavailable, match=r"index\.db: it cannot be opened"):
        open_milvus(str(tmp_path / "index.db"), "ragkeep", DIMENSIONS, "model one")


@pytest.mark.parametrize(
    ("version", "expected"),
    [("milvus_lite-3.2.2", True), ("v2.3.5", False), ("2.4.23", False), ("v2.5.0-gpu", True), ("3.0.1", True), ("", False)],
)
def test_bm25_is_known_by_the_version(version: str, expected: bool) -> None:
    assert has_bm25(version) == expected


@pytest.mark.parametrize(("version", "expected"), [("milvus_lite-3.2.2", "INVERTED"), ("v2.3.5-lite", "Trie"), ("v2.4.0", "INVERTED")])
def test_the_index_of_a_key_is_one_that_the_version_knows(version: str, expected: str) -> None:
    assert key_index(version) == expected


def test_importing_the_store_does_not_import_its_client() -> None:
    script = "import sys, vectorstore.milvus; print([name for name in ('pymilvus', 'milvus_lite', 'grpc') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_more_rows_than_one_page_of_milvus_are_read_once_each(store: MilvusStore) -> None:
    store.recreate()
    store.upsert(rows(17_000), ones(17_000))
    store.settle()
    read = pl.concat(store.read())["chunk_id"]
    assert read.to_list() == [f"{n:032x}" for n in range(17_000)]
    assert store.forget([f"{n:032x}" for n in range(16_500)]).before == 16_500
    assert store.state().rows == 500


@pytest.mark.slow
@pytest.mark.parametrize("point", ["vectorstore.upserted:1", "vectorstore.upserted:3", "vectorstore.collection_made"])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, point: str) -> None:
    folder = str(tmp_path / "index.db")
    body = f"""
        import os, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import configs.faults as faults
        from test_milvus_lite import ones, rows
        faults._ARMED = {point!r}
        store.upsert(rows(3_500), ones(3_500))
    """
    killed = run(folder, body)
    killed.communicate()
    assert killed.returncode == -9
    acknowledged = 1_000 * int(point[-1]) if point[-1].isdigit() else 0
    store = open_milvus(folder, "ragkeep", DIMENSIONS, "model one")
    try:
        assert store.state().rows == acknowledged
        store.upsert(rows(3_500), ones(3_500))
        assert store.state().rows == 3_500
        assert len(store.client.list_collections()) == 1
    finally:
        store.close()
