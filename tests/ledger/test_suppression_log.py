import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ledger.database import open_sqlite
from ledger.migrate import migrate
from ledger.outside import append_lines, read_lines
from ledger.suppressions import Suppressed, Suppression, Suppressions

T = datetime(2026, 1, 1, tzinfo=UTC)


def of(key, kind="document", request="r1"):
    return Suppression(kind, key, request, T)


entries = st.lists(
    st.builds(of, st.sampled_from("abcdef"), st.sampled_from(["document", "version", "text", "subject", "source"])), max_size=6
)


@given(batches=st.lists(entries, max_size=5))
@settings(deadline=None, max_examples=30)
def test_ledger_and_outside_log_hold_every_entry_once_in_the_same_order(new_database, tmp_path_factory, batches):
    suppressions = Suppressions(new_database("ledger"), tmp_path_factory.mktemp("outside") / "log.jsonl")
    asked = [entry for batch in batches for entry in batch]
    numbers = [suppressions.add(batch) for batch in batches]
    assert numbers == sorted(numbers)
    assert suppressions.since(0) == list(dict.fromkeys(asked))
    logged = [(line["kind"], line["key"]) for line in read_lines(suppressions._log.path)]
    assert logged == [(entry.kind, entry.key) for entry in suppressions.since(0)]
    assert suppressions.behind() == 0
    everything = suppressions.all()
    assert everything.sequence == suppressions.sequence() == len(set(asked))
    assert everything.documents == {entry.key for entry in asked if entry.kind == "document"}


def test_since_gives_what_came_after_a_number(ledger):
    suppressions = Suppressions(ledger)
    assert suppressions.sequence() == 0
    before = suppressions.add([of("a"), of("b")])
    assert suppressions.add([of("b"), of("s", "subject")]) == before + 1
    assert suppressions.since(before) == [of("s", "subject")]


def test_keys_match_only_in_their_own_kind(ledger):
    suppressions = Suppressions(ledger)
    suppressions.add([of("a"), of("b", "version"), of("c", "text"), of("d", "subject"), of("e", "source")])
    assert suppressions.suppressed("abcde") == {"a"}
    assert suppressions.suppressed("abcde", "text") == {"c"}
    assert suppressions.all() == Suppressed(5, *(frozenset(key) for key in "abcde"))


@pytest.mark.parametrize("change", ["UPDATE suppression SET key = 'z'", "DELETE FROM suppression"])
def test_suppressions_cannot_be_changed_or_removed(ledger, change):
    suppressions = Suppressions(ledger)
    suppressions.add([of("a")])
    with pytest.raises(IntegrityError, match="suppression is append-only"), ledger.begin() as connection:
        connection.execute(text(change))
    assert suppressions.suppressed(["a"]) == {"a"}


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="a suppression is of a document, version, text, subject, source, not of 'person'"):
        of("a", "person")


def test_writers_at_the_same_time_never_share_a_number(new_database, tmp_path):
    suppressions = Suppressions(new_database("ledger"), tmp_path / "log.jsonl")
    with ThreadPoolExecutor(4) as pool:
        heads = list(pool.map(lambda number: suppressions.add([of(f"d{number}")]), range(24)))
    assert sorted(heads) == list(range(1, 25))
    assert [line["sequence"] for line in read_lines(tmp_path / "log.jsonl")] == sorted(heads)


def test_a_ledger_restored_from_an_old_backup_is_behind_until_it_adopts_the_log(new_database, tmp_path):
    log = tmp_path / "log.jsonl"
    Suppressions(new_database("ledger"), log).add([of("a"), of("b")])
    restored = Suppressions(new_database("ledger"), log)
    assert restored.behind() == 2
    assert restored.adopt() == 2
    assert (restored.behind(), restored.adopt(), restored.since(0)) == (0, 0, [of("a"), of("b")])


def test_a_log_that_was_lost_is_written_again_whole(new_database, tmp_path):
    log = tmp_path / "log.jsonl"
    suppressions = Suppressions(new_database("ledger"), log)
    suppressions.add([of("a")])
    log.unlink()
    suppressions.add([of("b")])
    assert [line["key"] for line in read_lines(log)] == ["a", "b"]


def test_a_process_killed_between_log_and_commit_loses_nothing_and_doubles_nothing(tmp_path):
    database, log = tmp_path / "ledger.sqlite", tmp_path / "log.jsonl"
    engine = open_sqlite(database)
    migrate(engine, "ledger")
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from ledger.database import open_sqlite; from ledger.suppressions import Suppression, Suppressions\n"
        "s = Suppressions(open_sqlite(Path(sys.argv[1])), Path(sys.argv[2]))\n"
        "s.add([Suppression('document', key, 'r1', datetime(2026, 1, 1, tzinfo=UTC)) for key in 'ab'])"
    )
    armed = {"RAGKEEP_KILL_AT": "suppressions.logged"}
    died = subprocess.run([sys.executable, "-c", program, str(database), str(log)], env=armed, check=False)
    assert died.returncode == -signal.SIGKILL
    suppressions = Suppressions(engine, log)
    assert (suppressions.sequence(), suppressions.behind()) == (0, 2)
    assert suppressions.add([of("a"), of("b"), of("c")]) == 3
    assert [line["key"] for line in read_lines(log)] == ["a", "b", "c"]
    engine.dispose()


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers(), max_size=3), min_size=1, max_size=5), st.data())
@settings(deadline=None, max_examples=60)
def test_a_log_cut_at_any_byte_keeps_its_whole_lines_and_takes_more(tmp_path_factory, lines, data):
    path = tmp_path_factory.mktemp("cut") / "log.jsonl"
    append_lines(path, lines)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    kept = read_lines(path)
    assert kept == list(islice(lines, len(kept)))
    assert len(kept) >= path.read_bytes().count(b"\n")
    append_lines(path, [{"new": 1}])
    assert read_lines(path) == [*kept, {"new": 1}]
    assert json.loads(path.read_bytes().splitlines()[-1]) == {"new": 1}
