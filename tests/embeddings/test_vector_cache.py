"""The vector cache keeps what somebody owns, and nothing else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from contracts.errors import ContractError
from ledger.vectors import VectorCache


def _unit(seed: int, dimensions: int = 8) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vectors.db"


@pytest.fixture
def cache(path: Path):
    made = VectorCache(path)
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


def test_the_cache_outlives_its_process_and_a_file_of_another_version_is_emptied(path):
    first = VectorCache(path)
    first.put(["k"], np.array([_unit(1)]), [("k", "d")])
    first.close()
    again = VectorCache(path)
    assert again.size() == 1
    again.close()
    _tamper(path, "PRAGMA user_version = 999")
    emptied = VectorCache(path)
    assert (emptied.size(), emptied.count(["d"])) == (0, 0)
    emptied.close()


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
        with cache._engine.connect() as writer:
            writer.exec_driver_sql("PRAGMA busy_timeout=10")
        assert cache.purge() == "pending"
    reader.dispose()


KEYS, DOCUMENTS = st.sampled_from("abcdef"), st.sampled_from("123")
OPERATIONS = st.one_of(
    st.tuples(st.just("put"), KEYS, DOCUMENTS),
    st.tuples(st.just("own"), KEYS, DOCUMENTS),
    st.tuples(st.just("retain"), DOCUMENTS, st.sets(KEYS)),
    st.tuples(st.just("forget"), st.sets(DOCUMENTS), st.none()),
)


@settings(deadline=None, max_examples=40)
@given(operations=st.lists(OPERATIONS, max_size=12))
def test_the_entries_are_always_exactly_those_with_an_owner(operations, tmp_path_factory):
    cache, model = VectorCache(tmp_path_factory.mktemp("cache") / "vectors.db"), set()
    for name, one, other in operations:
        if name == "put":
            cache.put([one], np.array([_unit(ord(one))]), [(one, other)])
            model |= {(one, other)}
        elif name == "own":
            cache.own([(one, other)])
            model |= {(one, other)} if any(key == one for key, _ in model) else set()
        elif name == "retain":
            cache.retain({one: other})
            model = {(key, owner) for key, owner in model if owner != one or key in other}
        else:
            cache.forget(one)
            model = {(key, owner) for key, owner in model if owner not in one}
        assert cache.get("abcdef").keys() == {key for key, _ in model}
        assert [cache.count([document]) for document in "123"] == [sum(owner == document for _, owner in model) for document in "123"]
    cache.close()
