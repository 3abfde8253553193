"""The vector cache keeps what somebody owns, and nothing else."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from contracts.errors import ContractError, WorkspaceVersionError
from contracts.ids import Identity
from ledger.database import open_sqlite
from ledger.vector_tables import Sharer
from ledger.vectors import VectorCache

ALONE = Sharer("workspace", Identity(b"pepper"), Path("workspace.key"))


def _unit(seed: int, dimensions: int = 8) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def _open(path: Path) -> VectorCache:
    return VectorCache(open_sqlite(path), ALONE, carry_over=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors.db"


@pytest.fixture
def cache(path: Path):
    made = _open(path)
    yield made
    made.close()


def _tamper(path: Path, statement: str, **values: object) -> None:
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


def test_a_vector_comes_back_to_the_bit_and_the_first_write_wins(cache):
    cache.put(["k"], np.array([_unit(1)]), [("k", "d")])
    cache.put(["k"], np.array([_unit(2)]), [("k", "e")])
    assert cache.get(["k", "absent"]).keys() == {"k"}
    assert cache.get(["k"])["k"].tobytes() == _unit(1).tobytes()
    assert (cache.count(["d"]), cache.count(["e"]), cache.count(["d", "e"]), cache.size()) == (1, 1, 1, 1)


def test_an_entry_leaves_with_its_last_owner_and_the_shared_ones_are_counted(cache):
    cache.put(["a", "b"], np.array([_unit(1), _unit(2)]), [("a", "d"), ("b", "d"), ("b", "e")])
    gone = cache.forget({"d"})
    assert (gone.copy, gone.before, gone.after, gone.shared) == ("vector cache", 2, 0, 1)
    assert cache.get(["a", "b"]).keys() == {"b"}
    assert cache.forget(["e", "unknown"]).shared == 0
    assert cache.size() == 0


def test_a_changed_document_owns_only_what_it_still_says(cache):
    cache.put(["a", "b", "c"], np.array([_unit(1), _unit(2), _unit(3)]), [("a", "d"), ("b", "d"), ("c", "d"), ("b", "e")])
    assert cache.retain({"d": {"c"}}) == 1
    assert cache.get(["a", "b", "c"]).keys() == {"b", "c"}
    assert (cache.count(["d"]), cache.count(["e"])) == (1, 1)


def test_owning_what_was_forgotten_meanwhile_does_not_bring_it_back(cache):
    cache.own([("gone", "d")])
    assert (cache.count(["d"]), cache.size()) == (0, 0)


@pytest.mark.parametrize("rot", [b"", b"\0" * 32, b"\xff" * 32, b"\x12" * 31, np.ones(8, dtype=np.float32).tobytes()])
def test_a_rotten_vector_counts_as_absent_and_is_replaced(cache, path, rot):
    cache.put(["k", "l"], np.array([_unit(1), _unit(2)]), [("k", "d"), ("l", "d")])
    _tamper(path, "UPDATE vectors SET vector = :rot WHERE key = 'k'", rot=rot)
    assert cache.get(["k", "l"]).keys() == {"l"}
    cache.put(["k"], np.array([_unit(3)]), [("k", "e")])
    assert cache.get(["k"])["k"].tobytes() == _unit(3).tobytes()
    assert cache.count(["d"]) == 2


@pytest.mark.parametrize("bad", [np.zeros((1, 8)), np.full((1, 8), np.nan), np.ones((1, 8)), np.ones((2, 8)), np.ones(8)])
def test_a_vector_without_direction_or_unit_length_is_refused(cache, bad):
    with pytest.raises(ContractError, match="1 keys want as many finite vectors of unit length"):
        cache.put(["k"], bad, [("k", "d")])
    assert cache.size() == 0


def test_a_vector_that_no_erasure_would_reach_is_refused(cache):
    with pytest.raises(ContractError, match="1 of 2 keys have no owner"):
        cache.put(["k", "l"], np.array([_unit(1), _unit(2)]), [("k", "d")])


def test_vectors_of_two_models_live_side_by_side(cache):
    cache.put(["small"], np.array([_unit(1, 4)]), [("small", "d")])
    cache.put(["large"], np.array([_unit(2, 16)]), [("large", "d")])
    assert {key: len(vector) for key, vector in cache.get(["small", "large"]).items()} == {"small": 4, "large": 16}


def test_the_cache_outlives_its_process_and_one_of_a_later_layout_is_refused(path):
    first = _open(path)
    first.put(["k"], np.array([_unit(1)]), [("k", "d")])
    first.close()
    again = _open(path)
    assert again.size() == 1
    again.close()
    _tamper(path, "UPDATE meta SET layout = 999")
    with pytest.raises(WorkspaceVersionError, match=r"vectors\.db: the vector cache has layout 999, this ragkeep knows 2\. Update ragkeep"):
        _open(path)
    _tamper(path, "UPDATE meta SET layout = 1")
    emptied = _open(path)
    assert (emptied.size(), emptied.get(["k"])) == (0, {})
    emptied.close()


FIRST_LAYOUT = """
CREATE TABLE vectors (key VARCHAR NOT NULL PRIMARY KEY, dimensions INTEGER NOT NULL, vector BLOB NOT NULL);
CREATE TABLE owners (document_id VARCHAR NOT NULL, key VARCHAR NOT NULL REFERENCES vectors (key),
    PRIMARY KEY (document_id, key)) WITHOUT ROWID;
CREATE INDEX owners_by_key ON owners (key);
PRAGMA user_version = 1
"""


def test_what_was_embedded_before_caches_could_be_shared_is_kept_with_its_owners(path):
    for statement in FIRST_LAYOUT.split(";"):
        _tamper(path, statement)
    _tamper(path, "INSERT INTO vectors VALUES ('k', 8, :vector)", vector=_unit(1).tobytes())
    _tamper(path, "INSERT INTO owners VALUES ('d', 'k'), ('e', 'k')")
    shared = VectorCache(open_sqlite(Path(shutil.copy(path, path.with_name("shared.db")))), ALONE)
    assert shared.get(["k"]) == {}, "where others may be, nobody knows whose key it was made by"
    shared.close()
    cache = _open(path)
    assert cache.get(["k"])["k"].tobytes() == _unit(1).tobytes()
    assert (cache.size(), cache.count(["d"]), cache.forget(["d"]).shared, cache.forget(["e"]).shared, cache.size()) == (1, 1, 1, 0, 0)
    cache.close()


def test_after_a_purge_no_byte_of_what_was_forgotten_is_on_disk(cache, path):
    cache.put(["secretkey", "k"], np.array([_unit(1, 384), _unit(2, 384)]), [("secretkey", "document1"), ("k", "document2")])
    assert cache.purge() == "purged"
    assert _unit(1, 384).tobytes()[:64] in path.read_bytes()
    cache.forget(["document1"])
    assert cache.purge() == "purged"
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert not any(trace in left for trace in (_unit(1, 384).tobytes()[:64], b"secretkey", b"document1"))
    assert _unit(2, 384).tobytes()[:64] in left


def test_a_purge_says_pending_while_somebody_still_reads(cache, path):
    cache.put(["k"], np.array([_unit(1)]), [("k", "d")])
    reader = create_engine(f"sqlite:///{path}")
    with reader.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql("SELECT * FROM vectors").fetchone()
        cache.forget(["d"])
        with cache.engine.connect() as writer:
            writer.exec_driver_sql("PRAGMA busy_timeout=10")
        assert cache.purge() == "pending"
    reader.dispose()
