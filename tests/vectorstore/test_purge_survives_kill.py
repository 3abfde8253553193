"""A purge that is killed leaves a store that answers as before, and the next purge ends what it began."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from test_milvus_lite import DIMENSIONS, ask, ones, rows

from vectorstore.milvus import MilvusStore, open_milvus

ROOT = Path(__file__).parents[2]
ERASED, KEPT = "zyxwvu-erased-canary", "zyxwvu-kept-canary"
PURGE = """
from vectorstore.milvus import open_milvus
store = open_milvus({folder!r}, "ragkeep", {dimensions}, "model one")
store.purge()
"""


def begin(folder: str) -> pl.DataFrame:
    """A store on disk in which one row of five was deleted; answers the rows that stay, with their vectors."""
    store = open_milvus(folder, "ragkeep", DIMENSIONS, "model one")
    store.upsert(rows(5, text=[ERASED, *[f"{KEPT} {n}" for n in range(4)]]), ones(5))
    store.settle()
    store.delete([f"{0:032x}"])
    kept = pl.concat(store.read(vectors=True))
    store.close()
    return kept


def kill_purge(folder: str, point: str) -> int:
    script = PURGE.format(folder=folder, dimensions=DIMENSIONS)
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "RAGKEEP_KILL_AT": point}, check=False).returncode


def holding(folder: str, text: str) -> list[Path]:
    """Files that a text can be read in, as values of a Parquet file or as they are."""
    found = []
    for path in Path(folder).rglob("*"):
        if path.is_file():
            values = str(pl.read_parquet(path, glob=False).to_dicts()) if path.suffix == ".parquet" else ""
            if text in values or text.encode() in path.read_bytes():
                found.append(path)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("point", ["purge.made", "purge.batch", "purge.copied", "purge.moved", "purge.dropped"])
def test_killed_at_any_step_a_purge_is_ended_by_the_next(tmp_path: Path, point: str) -> None:
    folder = str(tmp_path / "index.db")
    kept = begin(folder)
    assert holding(folder, ERASED)
    assert kill_purge(folder, point) == -signal.SIGKILL
    store = open_milvus(folder, "ragkeep", DIMENSIONS, "model one")
    try:
        assert pl.concat(store.read(vectors=True)).equals(kept)
        assert store.search(ask(ERASED))["text"].str.starts_with(KEPT).all()
        assert store.purge() == "purged"
        check_purged(store, folder, kept)
    finally:
        store.close()
    assert not holding(folder, ERASED)


@pytest.mark.slow
def test_an_erasure_reaches_the_copy_that_a_killed_purge_left(tmp_path: Path) -> None:
    folder = str(tmp_path / "index.db")
    begin(folder)
    assert kill_purge(folder, "purge.copied") == -signal.SIGKILL
    store = open_milvus(folder, "ragkeep", DIMENSIONS, "model one")
    try:
        assert store.forget([f"{n:032x}" for n in range(1, 5)]).before == 4
        assert store.purge() == "purged"
        assert not holding(folder, KEPT)
    finally:
        store.close()


def test_a_folder_that_was_dropped_by_half_goes_with_the_next_purge(tmp_path: Path) -> None:
    folder = str(tmp_path / "index.db")
    kept = begin(folder)
    store = open_milvus(folder, "ragkeep", DIMENSIONS, "model one")
    try:
        assert store.purge() == "purged"
        half = tmp_path / "index.db" / "collections" / "ragkeep_0123abcd" / "partitions"
        half.mkdir(parents=True)
        (half / "data.parquet").write_text(ERASED)
        other = tmp_path / "index.db" / "collections" / "someone_elses"
        other.mkdir()
        assert store.purge() == "purged"
        assert other.is_dir()
        other.rmdir()
        check_purged(store, folder, kept)
    finally:
        store.close()


def check_purged(store: MilvusStore, folder: str, kept: pl.DataFrame) -> None:
    assert pl.concat(store.read(vectors=True)).equals(kept)
    assert store.client.list_collections() == [store.collection()]
    assert [path.name for path in (Path(folder) / "collections").iterdir()] == [store.collection()]
    assert not holding(folder, ERASED)
    collection = store.collection()
    assert (store.purge(), store.collection()) == ("purged", collection)
