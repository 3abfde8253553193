"""What people decide holds in the next search and the next run, costs no embedding, and survives the restoration of an older ledger."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flow_rig import PARAGRAPHS, Twin, settings_of, texts
from sqlalchemy import event
from test_ingest_flow import document

from contracts.consent import STATES
from contracts.errors import StoreUnavailable, UsageError
from flows.ask import ask
from flows.consent import Word, import_words, iso_receipt, record
from ledger.outside import read_lines

LEAVE, _, _, PUMP, _, HOUSING, THIRTY, _ = PARAGRAPHS
ANN, BEN = "ann@example.org", "ben@example.org"
BASES = {"consent": LEAVE, "legitimate_interest": PUMP, "contract": HOUSING, "not_personal": THIRTY}
ENDS = {
    "expired": {"consent"},
    "withdrawn": {"consent"},
    "objected": {"consent", "legitimate_interest"},
    "restricted": {"consent", "legitimate_interest", "contract"},
}


def say(twin: Twin, state: str, person: str = ANN, **more: str) -> None:
    with twin.open() as workspace:
        record(workspace, Word(person, "retrieval", state, **more), now=twin.now)


def found(twin: Twin) -> set[str]:
    """The bases of what a search finds."""
    with twin.open() as workspace:
        hits = ask(workspace, "leave pump housing invoices", limit=50, now=twin.now).hits
    return {basis for basis, text in BASES.items() for hit in hits if hit.text == text}


def served(twin: Twin) -> set[str]:
    return {basis for basis, text in BASES.items() if text in texts(twin)}


@pytest.fixture
def four(twin: Twin) -> Twin:
    """A document on each basis, all about Ann, who has granted."""
    twin.files["people"] = {f"{basis}.txt": document(text) for basis, text in BASES.items()}
    twin.terms["people"] = {f"{basis}.txt": {"lawful_basis": basis, "subjects": [ANN]} for basis in BASES}
    say(twin, "granted")
    twin.ingest()
    assert found(twin) == served(twin) == set(BASES)
    return twin


@pytest.mark.parametrize("state", ENDS)
def test_a_word_holds_in_the_next_search_and_the_next_run_and_a_grant_lifts_it_without_embedding(four, state):
    say(four, state)
    assert found(four) == set(BASES) - ENDS[state], "before any run"
    assert served(four) == set(BASES)
    taken = four.ingest()
    assert (taken.embedded, taken.deleted) == (0, len(ENDS[state]))
    assert found(four) == served(four) == set(BASES) - ENDS[state]
    say(four, "granted")
    given = four.ingest()
    assert (given.embedded, given.cache_hits, given.upserted) == (0, len(ENDS[state]), len(ENDS[state]))
    assert found(four) == set(BASES)


def test_a_word_for_one_source_or_another_purpose_leaves_the_rest(four):
    say(four, "restricted", source="open")
    with four.open() as workspace:
        record(workspace, Word(ANN, "dpv:Marketing", "restricted"), now=four.now)
        record(workspace, Word(BEN, "retrieval", "restricted"), now=four.now)
    assert found(four) == set(BASES)
    four.ingest()
    assert served(four) == set(BASES)
    with four.open() as workspace:
        record(workspace, Word(ANN, "https://w3id.org/dpv#SearchFunctionalities", "restricted"), now=four.now)
    assert found(four) == {"not_personal"}, "a purpose is one, however it is written"


def test_what_was_taken_away_by_a_graver_word_is_not_given_back_by_a_lighter_one(four):
    say(four, "restricted")
    say(four, "withdrawn")
    assert found(four) == {"not_personal"}


@pytest.mark.parametrize("state", ENDS)
def test_an_older_ledger_that_is_put_back_never_serves_what_was_taken_away_since(four, state, tmp_path):
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        if (four.root / name).exists():
            shutil.copyfile(four.root / name, tmp_path / name)
    say(four, state)
    four.ingest()
    for path in four.root.glob("ledger.sqlite*"):
        path.unlink()
    for path in tmp_path.glob("ledger.sqlite*"):
        shutil.copyfile(path, four.root / path.name)
    assert found(four) == set(BASES) - ENDS[state]
    four.ingest()
    assert served(four) == set(BASES) - ENDS[state]


def test_a_ledger_put_back_under_an_open_workspace_is_noticed_by_the_next_search(four, tmp_path):
    with closing(sqlite3.connect(four.root / "ledger.sqlite")) as ledger:
        ledger.execute("VACUUM INTO ?", (str(tmp_path / "snapshot"),))
    say(four, "restricted")
    with four.open() as workspace:
        shutil.copyfile(tmp_path / "snapshot", four.root / "back.sqlite")
        (four.root / "back.sqlite").replace(four.root / "ledger.sqlite")
        with pytest.raises(StoreUnavailable, match=r"ledger\.sqlite: was removed or replaced while it was open"):
            ask(workspace, "leave", now=four.now)
    for path in four.root.glob("ledger.sqlite-*"):
        path.unlink()
    assert found(four) == {"not_personal"}


def test_no_search_is_answered_without_its_ledger(four):
    with four.open() as workspace:
        (four.root / "ledger.sqlite").rename(four.root / "elsewhere")
        with pytest.raises(StoreUnavailable, match=r"ledger\.sqlite: was removed or replaced"):
            ask(workspace, "leave", now=four.now)
        with pytest.raises(StoreUnavailable, match=r"ledger\.sqlite: was removed or replaced"):
            record(workspace, Word(ANN, "retrieval", "withdrawn"), now=four.now)
        (four.root / "elsewhere").rename(four.root / "ledger.sqlite")
        assert ask(workspace, "leave", now=four.now).hits
    for path in four.root.glob("ledger.sqlite*"):
        path.unlink()
    with pytest.raises(StoreUnavailable, match=r"ledger\.sqlite: the ledger is missing.*Put its backup back"), four.open():
        pass
    assert not (four.root / "ledger.sqlite").exists(), "an empty one in its place would know of no refusal"


def test_no_search_is_answered_from_a_damaged_ledger(four):
    with four.open():
        pass
    ledger = four.root / "ledger.sqlite"
    with closing(sqlite3.connect(ledger)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = ledger.read_bytes()
    with four.open() as workspace:
        ledger.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
        with pytest.raises(StoreUnavailable, match=r"ledger\.sqlite: .*the file damaged\?"):
            ask(workspace, "leave", now=four.now)
        ledger.write_bytes(whole)


def test_no_search_is_answered_while_the_ledger_is_locked(four):
    with four.open() as workspace:
        engine = workspace.consent._engine
        engine.dispose()

        @event.listens_for(engine, "connect")
        def _soon(connection, _record):
            connection.execute("PRAGMA busy_timeout=50")

        with closing(sqlite3.connect(four.root / "ledger.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(StoreUnavailable, match=r"ledger\.sqlite: database is locked"):
                ask(workspace, "leave", now=four.now)
        assert ask(workspace, "leave", now=four.now).hits


COLUMNS = (
    "subject,purpose,state,at,source,until,evidence,method,lawful_basis,jurisdiction,categories,recipients,storage,notice,language\n"
    'ann@example.org,dpv:SearchFunctionalities,granted,2025-01-01,people,2027-01-01,"form 7, page 2",paper,consent,VN,'
    "health;address,The clinic,three years,https://bensen.example/privacy#3,vi\n"
)


def test_every_column_is_imported_and_exported_as_a_receipt_of_the_standard(twin: Twin, tmp_path: Path):
    twin.settings = settings_of(policies={"controller": "Bensen, privacy@bensen.example"})
    file = tmp_path / "consents.csv"
    file.write_text(COLUMNS)
    as_json = {"subject": ANN, "purpose": "bingo", "state": "objected", "recipients": ["The hall"], "at": "2025-01-02T00:00:00+07:00"}
    lines = tmp_path / "consents.jsonl"
    lines.write_text(json.dumps(as_json) + "\n\n")
    with twin.open() as workspace:
        assert import_words(workspace, file, now=twin.now).own_purposes == ()
        assert import_words(workspace, lines, now=twin.now).own_purposes == ("bingo",)
        first, second = workspace.consent.history(workspace.identity.subject(ANN))
        key = workspace.identity.subject(ANN)
    exported = iso_receipt(first)
    assert exported == {
        "schema_version": "ISO/IEC TS 27560:2023",
        "record_id": first.receipt_id,
        "pii_principal_id": key,
        "privacy_notice": "https://bensen.example/privacy#3",
        "language": "vi",
        "purposes": [
            {
                "purpose": "https://w3id.org/dpv#SearchFunctionalities",
                "lawful_basis": "consent",
                "pii_information": [{"pii_type": "health"}, {"pii_type": "address"}],
                "pii_controllers": ["Bensen, privacy@bensen.example"],
                "collection_method": "paper",
                "storage_locations_and_retention_period": "three years",
                "jurisdictions": ["VN"],
                "recipient_third_parties": ["The clinic"],
                "services": ["people"],
            }
        ],
        "events": [
            {
                "event_time": "2025-01-01T00:00:00+00:00",
                "event_state": "granted",
                "valid_until": "2027-01-01T00:00:00+00:00",
                "recorded_at": twin.now.isoformat(),
                "evidence_sha256": first.evidence,
            }
        ],
    }
    assert iso_receipt(second)["events"][0]["event_time"] == "2025-01-01T17:00:00+00:00"
    said = json.dumps([exported, iso_receipt(second), read_lines(twin.root.with_name("ws.consents.jsonl"))])
    assert "ann@" not in said
    assert "form 7" not in said


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ('{"subject": "eve", "purpose": "retrieval", "state": "vetoed"}', "line 3: state is granted, expired, withdrawn, objected or"),
        ('{"subject": "eve", "purpose": "retrieval", "state": "withdrawn", "until": "2027-01-01"}', "line 3: only a grant ends"),
        ('{"subject": "eve", "purpose": "retrieval", "state": "granted", "lawful_basis": "whim"}', "line 3: lawful_basis is one of"),
        ('{"subject": "eve", "purpose": "retrieval", "state": "granted", "at": "someday"}', "line 3: Invalid isoformat string"),
        ('{"subject": "eve", "purpose": "retrieval", "state": ["granted"]}', "line 3: state is not text"),
        ('{"subject": "eve", "purpose": "retrieval", "state": "granted", "categories": [1]}', "line 3: categories is not text"),
        ('{"subject": " ", "purpose": "retrieval", "state": "granted"}', "line 3: a person and a purpose are needed"),
        ('["eve"]', "line 3: a JSON object was expected, not a list"),
        ('{"subject": ', "line 3: not JSON"),
    ],
)
def test_a_file_with_one_wrong_line_records_nothing_and_names_the_line(twin, tmp_path, bad, problem):
    file = tmp_path / "consents.jsonl"
    file.write_text('{"subject": "ann@example.org", "purpose": "retrieval", "state": "withdrawn"}\n\n' + bad + "\n")
    with twin.open() as workspace:
        with pytest.raises(UsageError, match=problem):
            import_words(workspace, file, now=twin.now)
        assert workspace.consent.history() == []


def test_every_state_may_be_stated_for_a_moment_in_the_past(twin):
    for number, state in enumerate(STATES):
        say(twin, state, f"{number}@example.org", at=(twin.now - timedelta(days=9)).isoformat())
    with twin.open() as workspace:
        assert set(workspace.consent.state(twin.now - timedelta(days=1)).decisions.values()) == set(STATES)
        assert workspace.consent.state(twin.now - timedelta(days=30)).decisions == {}
