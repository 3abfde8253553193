"""What a purge of Milvus Lite leaves on disk: of deleted and replaced rows nothing, of all others everything."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from test_vector_store_contract import ask, held, rows

from forensics.scan import scan
from vectorstore.milvus import MilvusStore, open_milvus

DIMENSIONS, ROWS = 64, 600
ERASED, REPLACED = range(0, ROWS, 7), range(1, ROWS, 97)


def id_of(kind: str, n: int) -> str:
    """No id is a part of another."""
    return hashlib.blake2b(f"{kind} {n}".encode(), digest_size=16).hexdigest()


def text_of(n: int) -> str:
    return f"Đỗ Thị Hồng “{n:05d}”: canary of row {n * 7919 % 100_003:06d} & more"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


@pytest.fixture
def vectors() -> np.ndarray[Any, np.dtype[np.float32]]:
    drawn = np.random.default_rng(3).normal(size=(ROWS, DIMENSIONS)).astype("<f4")
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def store(folder: Path, vectors: Any) -> Iterator[MilvusStore]:
    """Rows in three segments, with some replaced and some, one document each, forgotten."""
    opened = open_milvus(str(folder), "ragkeep", DIMENSIONS, "model")
    ids = {f"{kind}_id": lambda n, kind=kind: id_of(kind, n) for kind in ("chunk", "document")}
    written = rows(ROWS, text=text_of, **ids, subject_keys=[])
    for start in range(0, ROWS, 200):
        opened.upsert(written[start : start + 200], vectors[start : start + 200])
        opened.settle()
    replaced = list(REPLACED)
    opened.upsert(written.with_columns(text=pl.concat_str(pl.lit("now another text "), "chunk_id"))[replaced], -vectors[replaced])
    assert opened.forget([id_of("document", n) for n in ERASED]).before == len(ERASED)
    yield opened
    opened.close()


def needles(vectors: Any) -> list[bytes]:
    gone = sorted({*ERASED, *REPLACED})
    return [
        *(text_of(n).encode() for n in gone),
        *(vectors[n].tobytes() for n in gone),
        *(id_of(kind, n).encode() for n in ERASED for kind in ("chunk", "document")),
    ]


def test_no_byte_of_a_deleted_row_is_left_and_every_other_row_is_as_it_was(store: MilvusStore, folder: Path, vectors: Any) -> None:
    sought, before = needles(vectors), held(store, vectors=True)
    questions = [ask(vectors[n], limit=10, text=text) for n in (2, 30, 599) for text in ("", f"{n:05d}")]
    answers = [store.search(question)["chunk_id"].to_list() for question in questions]
    assert {found.needle for found in scan(folder, sought).found} == set(range(len(sought))), "deleted is not gone"

    assert store.purge() == "purged"
    assert held(store, vectors=True).equals(before)
    assert [store.search(question)["chunk_id"].to_list() for question in questions] == answers
    for moment in ("while it is open", "after it was closed", "after it was opened again"):
        scanned = scan(folder, sought)
        assert scanned.proves_absence, (moment, scanned)
        survivors = [text_of(n).encode() for n in (2, 300)] + [vectors[n].tobytes() for n in (2, 300)]
        assert {found.needle for found in scan(folder, survivors).found} == {0, 1, 2, 3}
        if moment == "while it is open":
            store.close()
        elif moment == "after it was closed":
            again = open_milvus(str(folder), "ragkeep", DIMENSIONS, "model")
            assert held(again, vectors=True).equals(before)
            again.close()


def test_searches_go_on_while_rows_are_copied(store: MilvusStore, vectors: Any) -> None:
    """Every answer during the purge is the answer before and after it."""
    question = ask(vectors[2], limit=5)
    expected = store.search(question)["chunk_id"].to_list()
    done, answers, problems = threading.Event(), [], []

    def probe() -> None:
        while not done.is_set():
            try:
                answers.append(store.search(question)["chunk_id"].to_list())
            except Exception as error:
                problems.append(error)

    thread = threading.Thread(target=probe)
    thread.start()
    assert store.purge() == "purged"
    done.set()
    thread.join()
    assert problems == []
    assert len(answers) > 3
    assert all(answer == expected for answer in answers)


def test_a_row_deleted_while_rows_are_copied_does_not_come_back(store: MilvusStore, monkeypatch: pytest.MonkeyPatch) -> None:
    late = threading.Thread(target=lambda: store.delete([id_of("chunk", 2)]))

    def begin(point: str) -> None:
        if point == "purge.batch" and late.ident is None:
            late.start()

    monkeypatch.setattr("vectorstore.rewrite.reach", begin)
    assert store.purge() == "purged"
    late.join()
    assert id_of("chunk", 2) not in set(held(store)["chunk_id"])
