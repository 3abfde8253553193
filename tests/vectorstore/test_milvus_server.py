"""What only a real Milvus server can show: what it owes after an erasure, its limit of a message, and how it refuses."""

import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import polars as pl
import pytest
from milvus_server import CannotStart, Server, milvus_server
from test_vector_store_contract import DIMENSIONS, ask, held, rows, vectors

from contracts.errors import StoreUnavailable
from forensics.scan import scan
from vectorstore.milvus import MilvusStore, open_milvus

pytestmark = pytest.mark.slow
FREED = 45
"""Seconds: the server of these tests collects what was dropped or left over 4 seconds before, and looks every 2; busy, it is slower."""
SEGMENTS = ("insert_log", "delta_log", "stats_log")
OURS = vectors(30, seed=19)
"""Of no other test: all share one server, and a vector that another keeps would be taken for one that was not erased."""


class Killed(BaseException):
    """In place of the end of this process: what the server was told stays."""


@pytest.fixture
def alias(request: pytest.FixtureRequest) -> str:
    return f"t{abs(hash(request.node.name)):x}"


def store_at(server: Server, alias: str, frees_after: float | None = None) -> MilvusStore:
    return open_milvus(server.uri, alias, DIMENSIONS, "model", frees_after=frees_after)


def text_of(n: int) -> str:
    return f"canary {n * 7919 % 100_003:06d} of a person who was erased"


def filled(store: MilvusStore) -> MilvusStore:
    """30 rows in two segments; the documents 0 to 4, ten rows, are forgotten."""
    written = rows(30, text=text_of)
    store.upsert(written[:20], OURS[:20])
    store.settle()
    store.upsert(written[20:], OURS[20:])
    store.settle()
    store.forget([f"{n:032x}" for n in range(5)])
    return store


def collections(store: MilvusStore) -> list[str]:
    return [name for name in store.client.list_collections() if name.startswith(f"{store.family.alias}_")]


def test_a_server_owes_until_its_time_has_passed_and_then_no_segment_holds_a_byte(server: Server, alias: str) -> None:
    store = filled(store_at(server, alias, FREED))
    gone = [*(text_of(n).encode() for n in range(10)), *(vector.tobytes() for vector in OURS[:10])]
    kept = [text_of(29).encode(), OURS[29].tobytes()]
    folders = [server.folder / "data" / name for name in SEGMENTS]
    assert {found.needle for found in scan(folders, gone).found} == set(range(20)), "deleted is not gone"
    before, collection = held(store, vectors=True), store.collection()

    assert store.purge() == "pending"
    assert store.collection() != collection
    assert held(store, vectors=True).equals(before)
    until = store.owes_until()
    assert until is not None
    # What is owed stands at the server: another process, with another connection, knows it.
    later = store_at(server, alias, FREED)
    assert later.owes_until() == until
    answers = []
    while (answers and answers[-1]) != "purged" and len(answers) < 120:
        answers.append(later.purge())
        time.sleep(1)
    assert answers[0] == "pending"
    assert answers[-1] == "purged"
    assert scan(folders, gone).proves_absence
    assert {found.needle for found in scan(folders, kept).found} == {0, 1}
    assert later.owes_until() is None
    assert (later.purge(), later.collection()) == ("purged", store.collection())


def test_where_nobody_states_when_a_server_frees_it_owes_for_ever(server: Server, alias: str) -> None:
    store = filled(store_at(server, alias))
    assert [store.purge(), store.purge()] == ["pending", "pending"]
    assert store.owes_until() is None
    assert store_at(server, alias, 10**9).purge() == "pending"
    assert store_at(server, alias, 0).purge() == "purged"


def test_a_collection_that_was_made_anew_is_owed_too(server: Server, alias: str) -> None:
    store = store_at(server, alias, 10**9)
    store.upsert(rows(3), vectors(3))
    assert store.purge() == "purged", "no row has left it"
    store.recreate()
    assert store.purge() == "pending"


@pytest.mark.parametrize("point", [pytest.param("purge.copied", marks=pytest.mark.soak), "purge.moved"])
def test_a_purge_that_was_killed_is_finished_and_never_claims_too_much(
    server: Server, alias: str, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    store = filled(store_at(server, alias, 10**9))
    before = held(store, vectors=True)

    def kill(reached: str) -> None:
        if reached == point:
            raise Killed

    monkeypatch.setattr("vectorstore.milvus.reach", kill)
    with pytest.raises(Killed):
        store.purge()
    monkeypatch.undo()
    again = store_at(server, alias, 10**9)
    assert held(again, vectors=True).equals(before)
    assert again.purge() == "pending"
    assert collections(again) == [again.collection()]
    assert held(again, vectors=True).equals(before)
    assert store_at(server, alias, 0).purge() == "purged"


def test_nothing_is_found_by_words_where_a_server_knows_none(server: Server, alias: str) -> None:
    store = store_at(server, alias)
    assert not store.knows_words()
    store.upsert(rows(5), vectors(5))
    assert not store.knows_words()
    by_words, by_vector = (store.search(ask(vectors(5)[2], text="text 4", by=by)) for by in ("words", "vector"))
    assert by_words.height == 0
    assert by_words.schema == by_vector.schema


@pytest.mark.soak
def test_texts_of_more_than_a_message_holds_are_written_read_and_copied(server: Server, alias: str) -> None:
    store = store_at(server, alias, 10**9)
    count = 1_100
    large = rows(count, text=lambda n: f"{n:05d}" + "ế" * 21_843)
    assert large["text"].str.len_bytes().sum() > 67_108_864
    store.upsert(large, vectors(count))
    pages = list(store.read())
    assert pl.concat(pages).equals(large.drop("bucket"))
    with pytest.raises(StoreUnavailable, match=r"searching failed .* It is more than one message may hold: ask for less"):
        store.search(ask(vectors(count)[0], limit=count))
    assert store.search(ask(vectors(count)[7], limit=100))["chunk_id"][0] == f"{7:032x}"
    store.recreate()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        with milvus_server(tmp_path_factory.mktemp("guarded"), common__security__authorizationEnabled="true") as started:
            yield started
    except CannotStart as error:
        pytest.skip(f"no Milvus server: {error}")


@pytest.mark.soak
def test_a_server_that_refuses_the_token_is_not_taken_for_one_that_is_down(guarded: Server) -> None:
    for token in (None, "root:wrong"):
        started = time.monotonic()
        with pytest.raises(
            StoreUnavailable, match=r"it refuses the token\. Is it right in the file that stores\.milvus_token_file names"
        ) as told:
            open_milvus(guarded.uri, "ragkeep", DIMENSIONS, "model", token=token)
        assert "wrong" not in str(told.value)
        assert time.monotonic() - started < 5
    assert open_milvus(guarded.uri, "ragkeep", DIMENSIONS, "model", token="root:Milvus").state().rows == 0


def test_what_does_not_speak_as_milvus_does_is_no_answer_and_that_within_seconds() -> None:
    class Mute(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    web = ThreadingHTTPServer(("127.0.0.1", 0), Mute)
    Thread(target=web.serve_forever, daemon=True).start()
    try:
        for uri in (f"http://127.0.0.1:{web.server_port}", f"https://127.0.0.1:{web.server_port}"):
            started = time.monotonic()
            with pytest.raises(StoreUnavailable, match=r"milvus at .*: no answer\. Is the server up, and is stores\.milvus_uri right\?"):
                open_milvus(uri, "ragkeep", DIMENSIONS, "model")
            assert time.monotonic() - started < 15
    finally:
        web.shutdown()
        web.server_close()
