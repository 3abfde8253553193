"""What people decided is in the log outside before it is acknowledged, and a ledger that lacks it takes it over."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.consent import STATES
from contracts.errors import StoreUnavailable
from ledger import outside
from ledger.consent import Consent, Receipt
from ledger.database import open_sqlite
from ledger.migrate import migrate
from ledger.outside import append_lines, read_lines
from ledger.suppressions import Suppression, Suppressions

T = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BOB = "a" * 32, "b" * 32
FULL = Receipt(
    ANN,
    "retrieval",
    "granted",
    T,
    T + timedelta(hours=1),
    "hr",
    T + timedelta(days=9),
    "e" * 64,
    "web form",
    "consent",
    "VN",
    ("health", "address"),
    ("The clinic",),
    "in Vietnam, three years",
    "https://bensen.example/privacy#3",
    "vi",
    "Bensen, privacy@bensen.example",
)

words = st.lists(
    st.builds(
        Receipt,
        st.sampled_from([ANN, BOB]),
        st.sampled_from(["retrieval", "training"]),
        st.sampled_from(STATES),
        st.integers(0, 4).map(lambda hour: T + timedelta(hours=hour)),
        st.just(T),
        lawful_basis=st.sampled_from(["", "consent"]),
    ),
    max_size=6,
)


def everything(consent):
    return {(receipt.receipt_id, receipt, receipt.recorded_at, receipt.controller) for receipt in consent.history()}


@given(batches=st.lists(words, min_size=1, max_size=4), snapshot=st.integers(0, 4))
@settings(deadline=None, max_examples=30)
def test_a_ledger_of_any_age_becomes_the_ledger_that_wrote_the_log(new_database, tmp_path_factory, batches, snapshot):
    log = tmp_path_factory.mktemp("outside") / "log.jsonl"
    consent, old = Consent(new_database("ledger"), log), Consent(new_database("ledger"), log)
    for number, batch in enumerate(batches):
        if number == snapshot:
            old.adopt()
        consent.record(batch)
    old.adopt()
    assert everything(old) == everything(consent)
    assert old.state(T + timedelta(days=1)) == consent.state(T + timedelta(days=1))
    assert sorted(line["receipt_id"] for line in read_lines(log)) == sorted(receipt.receipt_id for receipt in consent.history())
    assert (old.adopt(), consent.adopt()) == (0, 0)


def test_every_field_of_a_receipt_survives_the_log_and_the_ledger(new_database, tmp_path):
    consent = Consent(new_database("ledger"), tmp_path / "log.jsonl")
    assert consent.record([FULL]) == [FULL.receipt_id]
    restored = Consent(new_database("ledger"), tmp_path / "log.jsonl")
    assert restored.adopt() == 1
    assert everything(restored) == everything(consent) == {(FULL.receipt_id, FULL, FULL.recorded_at, FULL.controller)}


def test_a_receipt_from_before_the_newer_fields_keeps_its_id():
    assert Receipt(ANN, "retrieval", "granted", T, T).receipt_id == "21112eca1f962b4a65b7292535c8ba8d"
    assert len({FULL.receipt_id, replace(FULL, notice="").receipt_id, replace(FULL, categories=()).receipt_id}) == 3
    assert replace(FULL, controller="another", recorded_at=T).receipt_id == FULL.receipt_id


def test_a_word_that_cannot_be_logged_is_not_acknowledged(ledger, tmp_path):
    consent = Consent(ledger, tmp_path / "no folder" / "log.jsonl")
    with pytest.raises(StoreUnavailable, match=r"log\.jsonl: No such file or directory\. It has to be written before"):
        consent.record([Receipt(ANN, "retrieval", "withdrawn", T, T)])
    assert consent.history() == []


def test_a_line_that_is_no_decision_is_refused_since_it_may_have_taken_something_away(ledger, tmp_path):
    append_lines(tmp_path / "log.jsonl", [{"receipt_id": "r", "subject_key": ANN, "state": "vetoed"}])
    with pytest.raises(StoreUnavailable, match=r"log\.jsonl: a line of it is no decision about consent"):
        Consent(ledger, tmp_path / "log.jsonl").adopt()


def test_a_process_killed_between_log_and_commit_has_taken_away_all_the_same(tmp_path):
    database, log = tmp_path / "ledger.sqlite", tmp_path / "log.jsonl"
    engine = open_sqlite(database)
    migrate(engine, "ledger")
    program = (
        "import sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from ledger.database import open_sqlite; from ledger.consent import Consent, Receipt\n"
        "now = datetime(2026, 1, 1, tzinfo=UTC)\n"
        "Consent(open_sqlite(Path(sys.argv[1])), Path(sys.argv[2])).record([Receipt('a' * 32, 'retrieval', 'objected', now, now)])"
    )
    armed = {"RAGKEEP_KILL_AT": "consents.logged"}
    died = subprocess.run([sys.executable, "-c", program, str(database), str(log)], env=armed, check=False)
    assert died.returncode == -signal.SIGKILL
    consent = Consent(engine, log)
    assert consent.state(T).of(ANN, "retrieval", "hr") is None
    assert consent.adopt() == 1
    assert consent.state(T).of(ANN, "retrieval", "hr") == "objected"
    assert len(read_lines(log)) == 1
    engine.dispose()


@pytest.fixture
def read(monkeypatch):
    """How many bytes of logs were read as lines."""
    counts = []

    def counting(path, start=0, /):
        counts.append(path.stat().st_size - start if path.exists() else 0)
        return read_lines(path, start)

    monkeypatch.setattr(outside, "read_lines", counting)
    return counts


@pytest.mark.parametrize("which", ["consents", "suppressions"])
def test_of_a_log_only_what_is_new_is_read(ledger, tmp_path, read, which):
    log = tmp_path / "log.jsonl"
    store = Consent(ledger, log) if which == "consents" else Suppressions(ledger, log)

    def add(number):
        if which == "consents":
            store.record([Receipt(f"{number:032x}", "retrieval", "withdrawn", T, T)])
        else:
            store.add([Suppression("document", f"{number:032x}", "r1", T)])

    for number in range(40):
        add(number)
    size = log.stat().st_size
    assert sum(read) == 0, "what this ledger wrote it need not read"
    read.clear()
    lines = log.read_bytes().splitlines(keepends=True)
    another = json.loads(lines[-1]) | ({"receipt_id": "f" * 32} if which == "consents" else {"sequence": 41, "key": "f" * 32})
    append_lines(log, [another])
    assert store.adopt() == 1
    assert read == [log.stat().st_size - size]
    assert (store.adopt(), len(read)) == (0, 1)


@pytest.mark.parametrize("harm", ["lost", "cut", "another"])
@pytest.mark.parametrize("which", ["consents", "suppressions"])
def test_a_log_that_was_lost_cut_or_exchanged_is_noticed_and_made_whole(ledger, tmp_path, which, harm):
    log = tmp_path / "log.jsonl"
    if which == "consents":
        store = Consent(ledger, log)
        store.record(Receipt(f"{number:032x}", "retrieval", "withdrawn", T, T) for number in range(40))
    else:
        store = Suppressions(ledger, log)
        store.add(Suppression("document", f"{number:032x}", "r1", T) for number in range(40))
    whole = read_lines(log)
    if harm == "lost":
        log.unlink()
    elif harm == "cut":
        log.write_bytes(log.read_bytes()[:700])
    else:
        log.write_bytes(log.read_bytes()[::-1])
    store.adopt()
    key = "receipt_id" if which == "consents" else "sequence"
    assert {line[key] for line in read_lines(log)} == {line[key] for line in whole}
    assert store.adopt() == 0


def test_an_acknowledged_word_counts_for_a_search_whose_clock_is_behind(ledger):
    consent = Consent(ledger)
    later = T + timedelta(seconds=5)
    consent.record([Receipt(ANN, "retrieval", "granted", T, T), Receipt(BOB, "retrieval", "granted", later, later)])
    consent.record([Receipt(ANN, "retrieval", "withdrawn", later, later), Receipt(ANN, "training", "withdrawn", later, T)])
    assert consent.standing([ANN], T).of(ANN, "retrieval", "hr") == "withdrawn"
    assert consent.standing([BOB], T).of(BOB, "retrieval", "hr") is None, "a grant counts from its moment on"
    assert consent.standing([ANN], T).of(ANN, "training", "hr") is None, "what was said for a day to come counts from that day on"
