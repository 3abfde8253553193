"""Several workspaces share a vector cache: what anybody owns is there, what nobody owns is not, and each sees its own documents alone."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import share_in_process
from hypothesis import given, settings
from hypothesis import strategies as st
from share_in_process import put, sharing, vector_of
from sqlalchemy import Engine, select, text

from contracts.errors import KeyFileError, StoreUnavailable, UsageError
from forensics.scan import scan
from ledger import vectors
from ledger.asked import Asked
from ledger.cachekey import read_cache_key
from ledger.database import open_sqlite
from ledger.keyfile import create_key_file
from ledger.sharers import find_share, leave, read_shared
from ledger.vector_tables import OWNERS, VECTORS
from ledger.vectors import VectorCache

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 3, 1)
KEYS, DOCUMENTS, WORKSPACES = "abcd", "12", ("one", "two", "three")


@pytest.fixture
def two(new_database: Callable[[], Engine]) -> tuple[VectorCache, VectorCache]:
    engine = new_database()
    return VectorCache(engine, sharing("one")), VectorCache(engine, sharing("two"))


def test_what_one_embedded_the_other_has_and_each_counts_its_own(two: tuple[VectorCache, VectorCache]) -> None:
    one, other = two
    put(one, ("a", "d"), ("b", "d"))
    assert other.get(["a", "b"])["a"].tobytes() == vector_of("a").tobytes()
    assert (one.size(), one.count(["d"]), other.size(), other.count(["d"])) == (2, 2, 0, 0)
    assert other.kept_by_others(["a", "b", "c"]) == {"a", "b"}
    assert one.kept_by_others(["a", "b", "c"]) == set()


def test_an_erasure_in_one_ends_its_own_ownership_and_says_what_the_other_keeps(two: tuple[VectorCache, VectorCache]) -> None:
    one, other = two
    put(one, ("a", "d"), ("b", "d"))
    other.take([("a", "d")], model="m", on=DAY)
    gone = one.forget(["d"])
    assert (gone.before, gone.after, gone.shared) == (2, 0, 1)
    assert other.get("ab").keys() == {"a"}
    assert other.count(["d"]) == 1
    last = other.forget(["d"])
    assert (last.before, last.after, last.shared) == (1, 0, 0)
    assert one.get("ab") == {}


def test_an_edit_in_one_takes_nothing_from_the_other(two: tuple[VectorCache, VectorCache]) -> None:
    one, other = two
    put(one, ("a", "d"), ("b", "d"))
    other.take([("a", "d")], model="m", on=DAY)
    assert one.retain({"d": {"b"}}) == 0
    assert other.retain({"d": set()}) == 1
    assert one.get("ab").keys() == {"b"}


def test_what_was_taken_is_owned_at_once_so_nobody_else_can_take_it_away(two: tuple[VectorCache, VectorCache]) -> None:
    one, other = two
    put(one, ("a", "d"))
    assert other.take([("a", "e"), ("b", "e")], model="m", on=DAY).keys() == {"a"}
    one.forget(["d"])
    assert other.get("ab").keys() == {"a"}


def test_a_document_owns_what_its_workspace_asked_for_and_not_all_that_it_says(two: tuple[VectorCache, VectorCache]) -> None:
    """Else a text that one may not embed would keep the vector of what was erased in the other."""
    one, other = two
    put(one, ("a", "d"), ("b", "d"))
    other.take([("a", "e")], model="m", on=DAY)
    other.own([("a", "f"), ("b", "f"), ("c", "f")])
    assert other.count(["f"]) == 1
    assert other.kept_by_others("abc") == {"a", "b"}
    assert one.forget(["d"]).shared == 1
    assert other.get("abc").keys() == {"a"}


def test_hits_are_counted_by_workspace_and_model_and_apart_where_the_other_embedded(two: tuple[VectorCache, VectorCache]) -> None:
    one, other = two
    assert one.take([("a", "d"), ("a", "e"), ("b", "d")], model="m", on=DAY) == {}
    put(one, ("a", "d"), ("b", "d"))
    other.take([("a", "d"), ("c", "d")], model="m", on=DAY)
    other.take([("a", "e"), ("b", "e")], model="m", on=date(2026, 3, 2))
    other.take([("c", "d")], model="another", on=date(2026, 3, 3))
    mine, theirs = read_shared(one).workspaces
    assert mine.models == (Asked("m", 2, 0, 0, DAY),)
    assert theirs.models == (Asked("another", 1, 0, 0, date(2026, 3, 3)), Asked("m", 4, 3, 2, date(2026, 3, 2)))


def test_looking_is_not_counted_and_nothing_asked_is_nothing_written(two: tuple[VectorCache, VectorCache]) -> None:
    one, _ = two
    one.get("ab")
    one.take([], model="m", on=DAY)
    assert read_shared(one).workspaces == ()


def test_the_share_of_each_workspace_is_told(two: tuple[VectorCache, VectorCache]) -> None:
    one, other = two
    put(one, ("a", "d"), ("b", "d"), ("b", "e"))
    put(other, ("b", "d"), ("c", "d"), dimensions=16)
    told = read_shared(other)
    assert (told.vectors, told.bytes, told.key_file) == (3, 4 * (8 + 8 + 16), "shared.key")
    shares = [(share.workspace, share.is_this, share.documents, share.vectors, share.alone, share.bytes) for share in told.workspaces]
    assert shares == [("two", True, 1, 2, 1, 4 * (8 + 16)), ("one", False, 2, 2, 1, 4 * (8 + 8))]


def test_a_workspace_that_is_no_more_can_be_let_go_and_takes_what_it_alone_owned(two: tuple[VectorCache, VectorCache]) -> None:
    one, other = two
    put(one, ("a", "d"), ("b", "e"))
    one.take([("a", "d")], model="m", on=DAY)
    put(other, ("b", "f"), ("c", "f"))
    assert leave(other, "one") == 1
    assert other.get("abc").keys() == {"b", "c"}
    assert [share.workspace for share in read_shared(other).workspaces] == ["two"]
    assert other.count(["f"]) == 2
    with pytest.raises(UsageError, match=r"one has no share in .*ragkeep cache"):
        find_share(other, "one")
    assert leave(other, "one") == 0
    put(one, ("a", "d"))
    assert one.count(["d"]) == 1, "who was let go by mistake begins again"


def test_another_key_is_refused_and_changes_nothing(new_database: Callable[[], Engine]) -> None:
    engine = new_database()
    put(VectorCache(engine, sharing("one")), ("a", "d"))
    with pytest.raises(KeyFileError, match=r"was made with another key than that of shared\.key\. Put the key there that its sharers have"):
        VectorCache(engine, sharing("two", b"another"))
    assert VectorCache(engine, sharing("two")).get("a").keys() == {"a"}


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    engine = open_sqlite(tmp_path / "accounts.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE account (balance INTEGER)"))
    with pytest.raises(StoreUnavailable, match=r"accounts\.db: has tables of something else \(account\)\. Name another place"):
        VectorCache(engine, sharing("one"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM account")).scalar() == 0
    engine.dispose()


OPERATIONS = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(KEYS), st.sampled_from(DOCUMENTS)),
    st.tuples(st.just("killed"), st.sampled_from(KEYS), st.sampled_from(DOCUMENTS)),
    st.tuples(st.just("take"), st.sets(st.sampled_from(KEYS)), st.sampled_from(DOCUMENTS)),
    st.tuples(st.just("own"), st.sampled_from(KEYS), st.sampled_from(DOCUMENTS)),
    st.tuples(st.just("retain"), st.sampled_from(DOCUMENTS), st.sets(st.sampled_from(KEYS))),
    st.tuples(st.just("forget"), st.sets(st.sampled_from(DOCUMENTS)), st.none()),
    st.tuples(st.just("leave"), st.sampled_from(WORKSPACES), st.none()),
)
LIVES = st.lists(st.tuples(st.sampled_from(WORKSPACES), OPERATIONS), max_size=14)


class _KilledError(BaseException):
    """As abrupt as a signal, to the transaction that it interrupts."""


class _Model:
    """What a cache ought to hold: (workspace, key, document), and what each workspace asked for, had, and had from others."""

    def __init__(self) -> None:
        self.owned = set[tuple[str, str, str]]()
        self.asked = {workspace: Counter[str]() for workspace in WORKSPACES}

    def keys(self, *, of: str | None = None, but: str | None = None) -> set[str]:
        return {key for whose, key, _ in self.owned if of in (None, whose) and whose != but}

    def do(self, whose: str, name: str, one: Any, other: Any) -> None:
        if name == "put" or (name == "own" and one in self.keys(of=whose)):
            self.owned.add((whose, one, other))
        elif name == "take":
            had = one & self.keys()
            self.asked[whose].update(asked=len(one), had=len(had), from_others=len(had - self.keys(of=whose)))
            self.owned |= {(whose, key, other) for key in had}
        elif name == "retain":
            self.owned = {(ws, key, said) for ws, key, said in self.owned if (ws, said) != (whose, one) or key in other}
        elif name == "forget":
            self.owned = {(ws, key, said) for ws, key, said in self.owned if ws != whose or said not in one}
        elif name == "leave":
            self.owned = {entry for entry in self.owned if entry[0] != one}
            self.asked[one].clear()


def _do(cache: VectorCache, name: str, one: Any, other: Any) -> None:
    if name == "put":
        put(cache, (one, other))
    elif name == "killed":
        with mock.patch.object(vectors, "reach", side_effect=_KilledError), pytest.raises(_KilledError):
            put(cache, (one, other))
    elif name == "take":
        found = cache.take([(key, other) for key in one], model="m", on=DAY)
        assert all(found[key].tobytes() == vector_of(key).tobytes() for key in found)
    elif name == "own":
        cache.own([(one, other)])
    elif name == "retain":
        cache.retain({one: other})
    elif name == "forget":
        cache.forget(one)
    else:
        leave(cache, one)


@settings(deadline=None, max_examples=40)
@given(life=LIVES)
def test_whatever_several_workspaces_do_it_holds_exactly_what_somebody_owns(new_database: Callable[[], Engine], life: list[Any]) -> None:
    engine, model = new_database(), _Model()
    caches = {workspace: VectorCache(engine, sharing(workspace)) for workspace in WORKSPACES}
    try:
        for whose, (name, one, other) in life:
            before = model.keys(of=whose)
            _do(caches[whose], name, one, other)
            model.do(whose, name, one, other)
            assert caches[whose].get(KEYS).keys() == model.keys()
            if name == "forget":
                assert caches[whose].kept_by_others(before) == before & model.keys(but=whose)
        _assert_equal(caches, model)
    finally:
        engine.dispose()


def _assert_equal(caches: dict[str, VectorCache], model: _Model) -> None:
    told = {share.workspace: share for share in read_shared(caches["one"]).workspaces}
    for workspace, cache in caches.items():
        own, others, asked = model.keys(of=workspace), model.keys(but=workspace), model.asked[workspace]
        counts = [len({key for ws, key, said in model.owned if (ws, said) == (workspace, document)}) for document in DOCUMENTS]
        assert (cache.size(), [cache.count([document]) for document in DOCUMENTS]) == (len(own), counts)
        assert cache.kept_by_others(KEYS) == others
        assert (workspace in told) == bool(own or asked["asked"])
        if workspace in told:
            share = told[workspace]
            assert (share.vectors, share.alone, share.documents) == (len(own), len(own - others), sum(count > 0 for count in counts))
            counted = [(asked["asked"], asked["had"], asked["from_others"])] if asked["asked"] else []
            assert [(one.asked, one.had, one.from_others) for one in share.models] == counted


@pytest.mark.parametrize("at_once", [1, 500])
def test_what_is_counted_as_shared_is_what_stays(
    two: tuple[VectorCache, VectorCache], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "_DOCUMENTS_AT_ONCE", at_once)
    one, other = two
    put(one, ("a", "1"), ("b", "1"), ("b", "2"), ("c", "1"))
    other.take([("c", "9")], model="m", on=DAY)
    gone = one.forget(["1"])
    assert (gone.before, gone.shared) == (3, 2), "b stays with its own document 2, c with the other workspace"
    assert one.get("abc").keys() == {"b", "c"}
    put(one, ("a", "1"), ("a", "3"), ("d", "3"), ("c", "3"))
    gone = one.forget(["1", "2", "3"])
    assert (gone.before, gone.shared) == (4, 1), "an entry that several of them own is one"
    assert one.get("abcd").keys() == {"c"}


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_workspaces_at_work_at_once_lose_nothing_and_leave_nothing(store: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    place = request.getfixturevalue("server").url if store == "postgres" else str(tmp_path / "shared.sqlite")
    working = [_process(place, workspace, "60") for workspace in WORKSPACES]
    for process in working:
        assert process.stdout.readline() == "ready\n"
    for process in working:
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0] for process in working]
    assert [process.returncode for process in working] == [0, 0, 0]
    owned = {whose: {(key, document) for key, document in json.loads(line)} for whose, line in zip(WORKSPACES, said, strict=True)}
    cache = share_in_process.open_place(place, "one")
    with cache.engine.connect() as connection:
        held = {(whose, key, document) for whose, document, key in connection.execute(select(OWNERS))}
        vectors_held = {key: vector for key, vector in connection.execute(select(VECTORS.c.key, VECTORS.c.vector))}
    cache.close()
    assert held == {(whose, key, document) for whose, pairs in owned.items() for key, document in pairs}
    assert vectors_held == {key: vector_of(key).tobytes() for _, key, _ in held}


def test_a_process_killed_while_it_puts_leaves_no_vector_without_an_owner(tmp_path: Path) -> None:
    place = str(tmp_path / "shared.sqlite")
    process = _process(place, "one", "5", kill_at="vectors.put:3")
    process.communicate("go\n", timeout=60)
    assert process.returncode == -signal.SIGKILL
    cache = share_in_process.open_place(place, "two")
    with cache.engine.connect() as connection:
        owned, held = (set(connection.execute(select(column)).scalars()) for column in (OWNERS.c.key, VECTORS.c.key))
    assert owned == held
    assert 6 <= len(held) <= 12, "what was put before is there"
    put(cache, ("key 1", "d"))
    cache.close()


def _process(place: str, workspace: str, turns: str, *, kill_at: str = "") -> Any:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAGKEEP_KILL_AT": kill_at}
    command = [sys.executable, share_in_process.__file__, place, workspace, turns]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_bytes_leave_a_shared_file_with_the_last_of_all_owners(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite"
    engines = [open_sqlite(path), open_sqlite(path)]
    one, other = (VectorCache(engine, sharing(workspace)) for engine, workspace in zip(engines, WORKSPACES, strict=False))
    put(one, ("secret key", "document of one"), ("of one alone", "document of one"), dimensions=384)
    other.take([("secret key", "document of two")], model="m", on=DAY)
    needles = [
        b"secret key",
        b"of one alone",
        *(vector_of(key, 384).tobytes() for key in ("secret key", "of one alone")),
        b"document of one",
    ]
    assert one.purge() == "purged"
    assert _found(path, needles) == set(range(5))
    one.forget(["document of one"])
    assert one.purge() == "purged"
    assert _found(path, needles) == {0, 2}
    other.forget(["document of two"])
    assert other.purge() == "purged"
    assert _found(path, [*needles, b"document of two"]) == set()
    for engine in engines:
        engine.dispose()


def _found(path: Path, needles: list[bytes]) -> set[int]:
    return {hit.needle for hit in scan([path.parent], needles).found}


def test_the_key_is_made_with_the_cache_for_its_owner_alone_and_never_later(tmp_path: Path) -> None:
    path = tmp_path / "shared.key"
    made = read_cache_key(path, make=True)
    assert (len(made), path.stat().st_mode & 0o777, read_cache_key(path, make=True)) == (32, 0o600, made)
    path.unlink()
    with pytest.raises(
        KeyFileError, match=r"shared\.key: the key of the vector cache is missing\. Put it back .* stores\.vectors_key_file"
    ):
        read_cache_key(path, make=False)
    with pytest.raises(KeyFileError, match=r"cannot be written .* stores\.vectors_key_file"):
        read_cache_key(tmp_path / "nowhere" / "shared.key", make=True)


def test_the_key_of_a_workspace_is_no_key_of_a_cache(tmp_path: Path) -> None:
    create_key_file(tmp_path / "workspace.key")
    with pytest.raises(KeyFileError, match=r"there is no `cache: …` line\. Put back the line that this cache was made with"):
        read_cache_key(tmp_path / "workspace.key", make=True)
