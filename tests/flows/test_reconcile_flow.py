"""What a read-back finds that was done behind the store's back, and what mending it costs."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from flow_rig import PARAGRAPHS, SILENCE, Twin, opened, read_all, settings_of, twin_model

from contracts.tables import IndexRow
from flows.ingest import ingest_from
from flows.reconcile import reconcile
from sources.memory import MemorySource

FILES = {
    f"{number}.txt": "\n\n".join([text, f"Nothing else was said in letter {number}."]).encode() for number, text in enumerate(PARAGRAPHS)
}


class Store:
    """An index that is tampered with, in memory or in Milvus Lite, and the flows over it."""

    def __init__(self, folder: Path, *, real: bool) -> None:
        self.twin = Twin(folder / "ws")
        self.twin.files["open"] = dict(FILES)
        self._real = real

    def run(self, flow):
        index = None if self._real else self.twin.index
        with opened(self.twin.root, self.twin.settings, index=index, model=self.twin.model) as workspace:
            return flow(workspace)

    def ingest(self):
        source = MemorySource("open", self.twin.files["open"])
        return self.run(lambda workspace: ingest_from(workspace, [source], retry_quarantined=False, now=self.twin.now, progress=SILENCE))

    def reconcile(self, *, repair: bool):
        return self.run(lambda workspace: reconcile(workspace, repair=repair, now=self.twin.now, progress=SILENCE))

    def rows(self) -> list[dict]:
        return self.run(lambda workspace: read_all(workspace.index))


def frame(rows: list[dict]) -> tuple[pl.DataFrame, np.ndarray]:
    columns = [name for name in IndexRow.column_names() if name != "bucket"]
    schema = {name: kind for name, kind in IndexRow.create_empty().schema.items() if name in columns}
    return pl.DataFrame(rows, schema=schema).select(columns), np.array([row["vector"] for row in rows], dtype=np.float32)


def lose(index, rows):
    index.delete([row["chunk_id"] for row in rows[:2]])
    return "missing", 2


def add_zombies(index, rows):
    index.upsert(*frame([row | {"chunk_id": f"{number:032x}"} for number, row in enumerate(rows[:3])]))
    return "zombies", 3


def alter_text(index, rows):
    index.upsert(*frame([rows[0] | {"text": "Somebody else's words."}]))
    return "altered", 1


def alter_terms(index, rows):
    index.upsert(*frame([rows[0] | {"expires_at": 4_000_000_000, "classification": "restricted"}]))
    return "altered", 1


def alter_vector(index, rows):
    index.upsert(*frame([rows[0] | {"vector": rows[1]["vector"]}]))
    return "altered", 1


def swap(index, rows):
    """One row less and one more: the count tells nothing."""
    index.delete([rows[0]["chunk_id"]])
    index.upsert(*frame([rows[0] | {"chunk_id": "f" * 32}]))
    return "zombies", 1


def lose_all(index, rows):
    index.recreate()
    return "missing", len(rows)


TAMPERING = [lose, add_zombies, alter_text, alter_terms, alter_vector, swap, lose_all]


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["twin", "milvus-lite"])
def store(request, folder, tmp_path) -> Store:
    return Store(tmp_path if request.param else folder, real=request.param)


@pytest.mark.parametrize("tamper", TAMPERING, ids=lambda tamper: tamper.__name__)
def test_what_was_done_behind_its_back_is_found_and_mended_without_embedding(store, tamper):
    store.ingest()
    rows = store.rows()
    assert len(rows) > 5
    kind, count = store.run(lambda workspace: tamper(workspace.index, rows))
    looked = store.reconcile(repair=False)
    assert (getattr(looked, kind), looked.repaired) == (count, False)
    mended = store.reconcile(repair=True)
    assert (getattr(mended, kind), mended.embedded) == (count, 0)
    assert store.rows() == rows
    again = store.reconcile(repair=True)
    assert (again.missing, again.zombies, again.altered, again.rows) == (0, 0, 0, len(rows))


def test_what_the_cache_lacks_is_embedded_and_nothing_else(folder):
    store = Store(folder, real=False)
    store.ingest()
    rows = store.rows()
    store.twin.index.delete([row["chunk_id"] for row in rows[:3]])
    (folder / "ws" / "vectors.sqlite").unlink()
    store.twin.model = twin_model()
    assert store.reconcile(repair=True).embedded == 3
    assert store.rows() == rows


def test_a_changed_count_of_rows_is_mended_by_the_next_ingest(folder):
    store = Store(folder, real=False)
    store.ingest()
    rows = store.rows()
    store.twin.index.delete([rows[0]["chunk_id"]])
    done = store.ingest()
    assert (done.upserted, done.embedded) == (1, 0)
    assert store.rows() == rows


def test_looking_changes_neither_the_store_nor_what_is_remembered_of_it(folder):
    store = Store(folder, real=False)
    store.ingest()
    store.twin.index.delete([store.rows()[0]["chunk_id"]])
    before = store.rows(), store.run(lambda workspace: workspace.present.count())
    store.reconcile(repair=False)
    assert (store.rows(), store.run(lambda workspace: workspace.present.count())) == before


def test_a_healthy_store_is_reported_so_whatever_the_settings(folder):
    store = Store(folder, real=False)
    store.ingest()
    store.twin.settings = settings_of(chunking={"max_tokens": 64, "min_tokens": 4})
    found = store.reconcile(repair=True)
    assert (found.missing, found.zombies, found.altered) == (0, 0, 0), "new settings wait for an ingest"
