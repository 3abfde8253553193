"""The audit in its database, with its checkpoints outside."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from contracts.errors import KeyFileError, UsageError
from ledger.audit import Audit, Choice
from ledger.database import open_sqlite
from ledger.events import Event
from ledger.keyfile import new_key_material
from ledger.keys import KeyStore
from ledger.migrate import migrate
from ledger.outside import append_lines, read_lines
from ledger.signing import SigningKey

T = datetime(2026, 1, 1, tzinfo=UTC)
A, B, C = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture(scope="module")
def signer(new_database):
    return SigningKey(KeyStore(new_database("keys"), new_key_material("test")))


@pytest.fixture
def log(tmp_path):
    return tmp_path / "w.audit.jsonl"


@pytest.fixture
def audit(ledger, signer, log):
    return Audit(ledger, signer, log)


def act(number=0, actor="hr", action="search", objects=(), **more):
    return Event(T + timedelta(minutes=number), actor, action, objects, **more)


def places(verified):
    return [problem.sequence for problem in verified.problems]


def break_in(engine, *statements):
    """Somebody with the file and no scruples: the triggers go first."""
    with sqlite3.connect(engine.url.database) as connection:
        for change in ("update", "delete"):
            connection.execute(f"DROP TRIGGER audit_event_no_{change}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


@given(sizes=st.lists(st.integers(0, 7), max_size=6), every=st.integers(1, 9))
@settings(deadline=None, max_examples=25)
def test_however_events_arrive_the_chain_is_the_same_and_sound(new_database, signer, tmp_path_factory, sizes, every):
    log = tmp_path_factory.mktemp("audit") / "log.jsonl"
    audit, whole = Audit(new_database("ledger"), signer, log, every=every), Audit(new_database("ledger"), signer)
    events = [act(number, objects=(f"{number:032x}",)) for number in range(sum(sizes))]
    rest = iter(events)
    for size in sizes:
        head = audit.append([next(rest) for _ in range(size)])
        assert head == audit.head()
        assert sum(size for size in sizes) >= head.sequence
    audit.checkpoint(T)
    assert whole.append(events) == audit.head()
    assert [recorded.event for recorded in audit.events()] == events
    found = audit.verify()
    assert (found.events, found.covered, found.problems) == (len(events), len(events), ())
    assert found.checkpoints == len(read_lines(log)) >= (len(events) > 0)


@pytest.mark.parametrize("change", ["UPDATE audit_event SET event = 'x'", "DELETE FROM audit_event"])
def test_events_cannot_be_changed_or_removed(audit, ledger, change):
    audit.record(act())
    with pytest.raises(IntegrityError, match="audit_event is append-only"), ledger.begin() as connection:
        connection.execute(text(change))
    assert audit.verify().problems == ()


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        ("UPDATE audit_event SET event = replace(event, 'search', 'erase') WHERE sequence = 4", [4]),
        ("UPDATE audit_event SET event = CAST(x'ff00fe' AS TEXT) WHERE sequence = 4", [4]),
        ("UPDATE audit_event SET event = 7 WHERE sequence = 10", [10]),
        ("UPDATE audit_event SET event = '' WHERE sequence = 1", [1]),
        ("UPDATE audit_event SET hash = 'text' WHERE sequence = 4", [4]),
        ("UPDATE audit_event SET hash = zeroblob(32) WHERE sequence = 10", [1, 10]),  # the last hash is what the checkpoint covers
        ("DELETE FROM audit_event WHERE sequence IN (3, 4, 8)", [3, 8]),
        ("DELETE FROM audit_event WHERE sequence = 1", [1]),
        ("DELETE FROM audit_event WHERE sequence > 8", [9]),
        ("DELETE FROM audit_event", [1]),
    ],
)
def test_tampering_with_the_file_is_found_and_located(audit, ledger, statement, at):
    audit.append(act(number) for number in range(10))
    audit.checkpoint(T)
    break_in(ledger, statement)
    assert places(audit.verify()) == at


def test_a_table_put_in_place_of_the_right_one_with_rows_of_any_kind_is_checked_all_the_same(audit, ledger):
    audit.append(act(number) for number in range(10))
    break_in(
        ledger,
        "CREATE TABLE other AS SELECT * FROM audit_event",
        "DROP TABLE audit_event",
        "ALTER TABLE other RENAME TO audit_event",
        "UPDATE audit_event SET event = NULL, hash = NULL WHERE sequence = 4",
        "INSERT INTO audit_event VALUES ('x', 'y', 5), (NULL, NULL, NULL)",
    )
    assert places(audit.verify()) == [0, 0, 4, 5]


def test_swapped_rows_of_the_file_are_found_and_located(audit, ledger):
    audit.append(act(number) for number in range(10))
    break_in(
        ledger,
        "UPDATE audit_event SET sequence = 99 WHERE sequence = 3",
        "UPDATE audit_event SET sequence = 3 WHERE sequence = 7",
        "UPDATE audit_event SET sequence = 7 WHERE sequence = 99",
    )
    assert {3, 7} <= set(places(audit.verify())) <= {3, 4, 7, 8}


def test_a_ledger_rewritten_whole_with_a_sound_chain_is_found_by_the_checkpoint_outside(audit, new_database, signer, log):
    audit.append([act(1), act(2)])
    audit.checkpoint(T)
    audit.append([act(3), act(4)])
    audit.checkpoint(T)
    forged = Audit(new_database("ledger"), signer, log)
    forged.append([act(1), act(2), act(3, actor="somebody"), act(4)])
    found = forged.verify()
    assert (places(found), found.covered, found.checkpoints) == ([3], 2, 1)
    assert found.problems[0].what == "the checkpoint of event 4 has another hash: events from here to there were rewritten"


def test_a_ledger_restored_from_before_its_last_checkpoint_is_told_so(audit, new_database, signer, log):
    audit.append([act(1), act(2)])
    audit.checkpoint(T)
    [problem] = Audit(new_database("ledger"), signer, log).verify().problems
    assert (problem.sequence, problem.what) == (1, "events 1 to 2 are missing: the ledger ends before its last checkpoint")


def test_a_checkpoint_holds_these_fields_and_nothing_more(audit, log):
    head = audit.append([act(1)])
    assert audit.checkpoint(T) == head
    assert audit.checkpoint(T) is None
    [line] = read_lines(log)
    assert line.keys() == {"statement", "sequence", "head", "at", "key", "signature"}
    assert (line["sequence"], line["head"], line["at"]) == (1, head.hash, "2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"sequence": 1}, "what it says, or its signature, was changed after it was signed"),
        ({"head": "00" * 32}, "what it says, or its signature, was changed"),
        ({"at": "2027-01-01"}, "what it says, or its signature, was changed"),
        ({"signature": "ff" * 64}, "what it says, or its signature, was changed"),
        ({"signature": 5}, "what it says, or its signature, was changed"),
        ({"key": "f" * 32}, "its field key was changed"),
        ({"statement": "ragkeep erasure receipt 1"}, "it is not a ragkeep audit checkpoint 1"),
        ({"more": 1}, "the field more does not belong"),
    ],
)
def test_an_altered_checkpoint_is_told_from_an_altered_ledger_and_counts_for_nothing(audit, log, change, what):
    audit.append([act(1), act(2)])
    audit.checkpoint(T)
    [line] = read_lines(log)
    log.write_text(json.dumps(line | change) + "\n")
    found = audit.verify()
    assert found.problems[0].what.startswith(f"checkpoint: {what}")
    assert (len(found.problems), found.checkpoints, found.covered) == (1, 0, 0)


def test_checkpoints_of_another_key_count_for_nothing(audit, log, new_database, signer):
    audit.record(act())
    audit.checkpoint(T)
    other = SigningKey(KeyStore(new_database("keys"), new_key_material("test")))
    [problem] = audit.verify(other.public_key_pem()).problems
    assert problem.sequence == 1
    assert problem.what.startswith("checkpoint: it was signed with the key ")
    assert audit.verify(signer.public_key_pem()).problems == ()
    with pytest.raises(KeyFileError, match="not an Ed25519 key"):
        audit.verify(b"no key")


def test_lines_of_the_log_that_are_no_checkpoint_are_problems_and_torn_ones_are_not(audit, log):
    audit.record(act())
    audit.checkpoint(T)
    append_lines(log, [{"sequence": "x"}])
    log.write_bytes(log.read_bytes() + b'5\n{"statement": "ragk')
    found = audit.verify()
    assert [problem.what for problem in found.problems] == [
        "checkpoint: the field statement is missing",
        "checkpoint: it is not a JSON object",
    ]
    assert found.checkpoints == 1


def test_writers_at_the_same_time_make_one_chain(ledger, signer, log):
    audits = [Audit(ledger, signer, log, every=3) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: audits[number % 4].append([act(number), act(number)]), range(24)))
    found = audits[0].verify()
    assert (found.events, found.problems) == (48, ())
    lines = read_lines(log)
    assert len(lines) == 12
    assert found.checkpoints == len({line["sequence"] for line in lines})


@pytest.mark.parametrize(("point", "arrival"), [("audit.appended", 1), ("audit.appended", 3)])
def test_a_process_killed_after_an_append_leaves_a_sound_chain_no_shorter_than_its_checkpoints(tmp_path, signer, point, arrival):
    for which in ("ledger", "keys"):
        engine = open_sqlite(tmp_path / which)
        migrate(engine, which)
        engine.dispose()
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from ledger.database import open_sqlite; from ledger.audit import Audit; from ledger.events import Event\n"
        "from ledger.keyfile import KeyMaterial; from ledger.keys import KeyStore; from ledger.signing import SigningKey\n"
        "folder, at = Path(sys.argv[1]), datetime(2026, 1, 1, tzinfo=UTC)\n"
        "signer = SigningKey(KeyStore(open_sqlite(folder / 'keys'), KeyMaterial(b'k' * 32, b'p' * 32, 'test')))\n"
        "audit = Audit(open_sqlite(folder / 'ledger'), signer, folder / 'log.jsonl', every=2)\n"
        "for number in range(5): audit.append([Event(at, 'hr', 'search')] * 2)"
    )
    armed = os.environ | {"RAGKEEP_KILL_AT": f"{point}:{arrival}"}
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=armed, check=False)
    assert died.returncode == -signal.SIGKILL
    ledger, keys = open_sqlite(tmp_path / "ledger"), open_sqlite(tmp_path / "keys")
    from ledger.keyfile import KeyMaterial

    audit = Audit(ledger, SigningKey(KeyStore(keys, KeyMaterial(b"k" * 32, b"p" * 32, "test"))), tmp_path / "log.jsonl")
    found = audit.verify()
    assert (found.events, found.checkpoints, found.covered, found.problems) == (2 * arrival, arrival - 1, 2 * arrival - 2, ())
    audit.record(act())
    audit.checkpoint(T)
    assert audit.verify().covered == 2 * arrival + 1
    ledger.dispose()
    keys.dispose()


def test_an_append_that_fails_leaves_nothing(audit):
    audit.record(act())

    def failing():
        yield act()
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        audit.append(failing())
    assert (audit.head().sequence, audit.verify().problems) == (1, ())


@given(st.data())
@settings(deadline=None, max_examples=30)
def test_chosen_events_are_exactly_those_that_fit_and_a_limit_keeps_the_last(new_database, signer, data):
    audit = Audit(new_database("ledger"), signer)
    names = st.sampled_from(["hr", "HR", "h%", "h_", 'a"b', "đội"])
    events = data.draw(
        st.lists(
            st.builds(act, st.integers(0, 9), names, st.sampled_from(["show", "trace"]), st.sets(st.sampled_from([A, B, C])).map(tuple))
        )
    )
    audit.append(events)
    actor, action, about = (data.draw(st.none() | choices) for choices in (names, st.sampled_from(["show"]), st.sampled_from([A])))
    since = data.draw(st.none() | st.integers(0, 9).map(lambda minute: T + timedelta(minutes=minute)))
    expected = [
        event
        for event in events
        if actor in (None, event.actor)
        and action in (None, event.action)
        and (about is None or about in event.objects)
        and (since is None or event.at >= since)
    ]
    choice = Choice(since, actor, action, about)
    assert [recorded.event for recorded in audit.events(choice)] == expected
    limit = data.draw(st.integers(1, 4))
    assert [recorded.event for recorded in audit.events(choice, limit=limit)] == expected[-limit:]


def test_an_event_that_was_altered_beyond_reading_names_the_command_that_tells_more(audit, ledger):
    audit.append([act(1), act(2)])
    break_in(ledger, "UPDATE audit_event SET event = CAST(x'ff' AS TEXT) WHERE sequence = 2")
    with pytest.raises(UsageError, match=r"audit event 2: altered, and cannot be read\. What is wrong is told by: ragkeep audit verify"):
        audit.events()


def test_an_export_can_be_checked_with_a_few_lines_and_no_ragkeep(audit, tmp_path):
    head = audit.append(act(number, actor='đội "a"', objects=(A,), counts={"hits": number}) for number in range(20))
    assert audit.export(tmp_path / "events.jsonl") == 20
    previous = bytes(32)
    for number, line in enumerate((tmp_path / "events.jsonl").read_bytes().splitlines(), start=1):
        event, _, digest = line.rpartition(b',"hash":"')
        previous = hashlib.sha256(previous + event + b"}").digest()
        assert digest == previous.hex().encode() + b'"}'
        assert json.loads(line)["sequence"] == number
    assert previous.hex() == head.hash


@pytest.mark.parametrize(
    "personal",
    [
        {"objects": ("ann@example.org",)},
        {"objects": ("documents/letter to Ann.pdf",)},
        {"objects": ("A" * 32,)},
        {"objects": ("",)},
        {"action": "What does Ann earn?"},
        {"rule": "Ann withdrew"},
        {"counts": {"Ann": 1}},
        {"counts": {"hits": "many"}},
        {"counts": {"hits": 1.5}},
        {"purpose": "x" * 101},
        {"purpose": "line\nbreak"},
        {"actor": ""},
        {"decision": "perhaps"},
        {"at": T.replace(tzinfo=None)},
    ],
)
def test_what_could_hold_a_text_a_place_or_a_person_is_refused(personal):
    with pytest.raises(ValueError, match="audit: "):
        Event(**{"at": T, "actor": "hr", "action": "search"} | personal)
