import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from contracts.errors import KeyFileError
from contracts.results import Forgotten
from ledger.chain import Head
from ledger.keyfile import new_key_material
from ledger.keys import KeyStore
from ledger.receipts import Deadline, Erasure, Receipts, Scan, make_receipt, render_receipt, verify_receipt, write_receipt
from ledger.signing import SigningKey, key_id
from ledger.statement import canonical

T = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = Head(41, "ab" * 32)
VERSIONS = {"ragkeep": "0.1.0"}
DONE = Erasure(
    request_id="5" * 32,
    kind="subject",
    requested_at=T,
    suppressed_at=T + timedelta(seconds=1),
    documents=2,
    copies=(Forgotten("index", 7, 0), Forgotten("vector cache", 9, 0, 3)),
    logical_at=T + timedelta(seconds=2),
    physical_at=T + timedelta(hours=1),
    scan=Scan(120, 4_000_000, 0, 7),
    deadline=Deadline("VN", 72, T + timedelta(hours=72)),
)
EARLY = Erasure("6" * 32, "document", T, T, 1)


@pytest.fixture(scope="module")
def signer(new_database):
    return SigningKey(KeyStore(new_database("keys"), new_key_material("test")))


@pytest.fixture(scope="module")
def other(new_database):
    return SigningKey(KeyStore(new_database("keys"), new_key_material("test")))


@pytest.fixture(scope="module")
def pem(signer):
    return signer.public_key_pem()


@pytest.fixture(scope="module")
def document(signer):
    return make_receipt(DONE, HEAD, signer, versions=VERSIONS)


@pytest.fixture(scope="module")
def file(document):
    return render_receipt(document)


def test_a_receipt_says_this(document, pem, signer):
    said = {name: value for name, value in document.items() if name not in ("key", "signature")}
    assert said == {
        "statement": "ragkeep erasure receipt 1",
        "request_id": "5" * 32,
        "kind": "subject",
        "requested_at": "2026-01-01T00:00:00+00:00",
        "suppressed_at": "2026-01-01T00:00:01+00:00",
        "logical_at": "2026-01-01T00:00:02+00:00",
        "physical_at": "2026-01-01T01:00:00+00:00",
        "documents": 2,
        "redacted": 0,
        "copies": [
            {"copy": "index", "before": 7, "after": 0, "shared": 0},
            {"copy": "vector cache", "before": 9, "after": 0, "shared": 3},
        ],
        "scan": {"files": 120, "bytes": 4_000_000, "hits": 0, "texts_sought": 7},
        "relies_on": [],
        "deadline": {"jurisdiction": "VN", "hours": 72, "due_at": "2026-01-04T00:00:00+00:00", "met": True},
        "audit": {"sequence": 41, "head": "ab" * 32},
        "versions": {"ragkeep": "0.1.0"},
    }
    assert document["key"] == key_id(pem)
    assert document["signature"] == signer.sign(canonical(document)).hex()


def test_what_is_not_proven_yet_is_null(signer, pem):
    document = make_receipt(EARLY, HEAD, signer, versions=VERSIONS)
    assert [document[name] for name in ("logical_at", "physical_at", "scan", "deadline")] == [None] * 4
    assert verify_receipt(render_receipt(document), pem) == ()


@pytest.mark.parametrize(("late", "met"), [(None, None), (timedelta(hours=72), True), (timedelta(hours=72, seconds=1), False)])
def test_a_deadline_is_met_only_by_bytes_that_are_gone_in_time(signer, late, met):
    proven = {"physical_at": T + late, "scan": Scan(1, 1, 0), "logical_at": T} if late else {}
    erasure = Erasure("7" * 32, "source", T, T, 1, deadline=Deadline("VN", 72, T + timedelta(hours=72)), **proven)
    assert make_receipt(erasure, HEAD, signer, versions=VERSIONS)["deadline"]["met"] is met


@pytest.mark.parametrize(
    ("claim", "what"),
    [
        ({"logical_at": T, "copies": (Forgotten("index", 2, 1),)}, "index still holds something"),
        ({"logical_at": T, "physical_at": T}, "after a scan without a hit"),
        ({"logical_at": T, "physical_at": T, "scan": Scan(1, 1, 1)}, "after a scan without a hit"),
        ({"physical_at": T, "scan": Scan(1, 1, 0)}, "only after the deletion"),
    ],
)
def test_a_receipt_claims_nothing_that_its_own_counts_contradict(claim, what):
    with pytest.raises(ValueError, match=what):
        Erasure("7" * 32, "source", T, T, 1, **claim)


def test_an_untouched_receipt_verifies_with_the_public_key_alone(file, pem):
    assert verify_receipt(file, pem) == ()


def test_every_flipped_byte_fails(file, pem):
    for position, byte in enumerate(file):
        for flipped in {byte ^ 1, byte ^ 32}:
            problems = verify_receipt(file[:position] + bytes([flipped]) + file[position + 1 :], pem)
            assert len(problems) >= 1, (position, byte, flipped)


def test_every_replaced_inserted_or_removed_byte_fails(file, pem):
    @given(st.integers(0, len(file) - 1), st.binary(max_size=3), st.integers(0, 3))
    @settings(deadline=None, max_examples=150)
    def law(position, put, taken):
        changed = file[:position] + put + file[position + taken :]
        assert (verify_receipt(changed, pem) == ()) == (changed == file)

    law()


def test_every_cut_tail_is_called_one(file, pem):
    for length in range(len(file)):
        problems = verify_receipt(file[:length], pem)
        assert problems == ("its tail is cut off or changed: a receipt ends with a closing brace and a line break",)


def test_every_missing_or_added_field_is_named(document, pem):
    for name in document:
        less = {key: value for key, value in document.items() if key != name}
        assert verify_receipt(render_receipt(less), pem) == (f"the field {name} is missing",)
    assert verify_receipt(render_receipt(document | {"note": ""}), pem) == ("the field note does not belong",)


def test_every_changed_field_is_told_apart_from_another_key(document, pem):
    for name in document.keys() - {"statement", "key"}:
        [said] = verify_receipt(render_receipt(document | {name: "0" * 128}), pem)
        assert said == "what it says, or its signature, was changed after it was signed"
    assert verify_receipt(render_receipt(document | {"key": "0" * 32}), pem) == ("its field key was changed after it was signed",)


def test_another_key_is_named(document, file, pem, other):
    [said] = verify_receipt(file, other.public_key_pem())
    assert said == f"it was signed with the key {key_id(pem)}, and the public key given is {key_id(other.public_key_pem())}"
    forged = make_receipt(DONE, HEAD, other, versions=VERSIONS)
    assert verify_receipt(render_receipt(forged | {"key": key_id(pem)}), pem) == (
        "what it says, or its signature, was changed after it was signed",
    )


def test_another_statement_of_the_same_key_does_not_pass_for_a_receipt(document, pem):
    assert verify_receipt(render_receipt(document | {"statement": "ragkeep audit checkpoint 1"}), pem) == (
        "it is not a ragkeep erasure receipt 1",
    )


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_receipt_that_was_only_written_anew_is_told_apart(document, pem, indent):
    again = json.dumps(document, indent=indent, sort_keys=True)[:-1].rstrip() + "\n}\n"
    assert verify_receipt(again.encode(), pem) == ("its form was changed: what it says is signed, but it is not written as receipts are",)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "its tail is cut off"),
        (b"[\n}\n", "it was changed near line 2, column 1: it is not JSON any more"),
        (b'{"a": "\xc3\xa9"\n}\n', "byte 7 was changed: it is not ASCII"),
        (b'{"a": ' + b"9" * 5000 + b"\n}\n", "it was changed: it holds what no receipt holds"),
        (b"[" * 100_000 + b"\n}\n", "it was changed"),
        (b"{\n}\n", "the field statement is missing"),
    ],
)
def test_a_file_that_is_no_receipt_gives_a_sentence_and_no_traceback(file, said, pem):
    assert verify_receipt(file, pem)[0].startswith(said)


def test_a_file_that_is_no_public_key_is_an_error_of_its_own(file):
    with pytest.raises(KeyFileError, match="not an Ed25519 key"):
        verify_receipt(file, b"no key")


def test_receipts_are_kept_each_and_the_last_is_that_of_the_latest_event(ledger, signer):
    receipts = Receipts(ledger)
    first = make_receipt(EARLY, Head(3, "00" * 32), signer, versions=VERSIONS)
    later = make_receipt(EARLY, Head(20, "11" * 32), signer, versions=VERSIONS)
    assert receipts.last(EARLY.request_id) is None
    for document in (later, first, later):
        receipts.store(document)
    assert receipts.history(EARLY.request_id) == [first, later]
    assert receipts.last(EARLY.request_id) == later


@pytest.mark.parametrize("change", ["UPDATE erasure_receipt SET document = ''", "DELETE FROM erasure_receipt"])
def test_stored_receipts_cannot_be_changed_or_removed(ledger, signer, change):
    Receipts(ledger).store(make_receipt(EARLY, HEAD, signer, versions=VERSIONS))
    with pytest.raises(IntegrityError, match="erasure_receipt is append-only"), ledger.begin() as connection:
        connection.execute(text(change))


def test_a_written_receipt_verifies_and_a_later_one_takes_its_place(tmp_path, signer, pem):
    for head in (Head(3, "00" * 32), Head(20, "11" * 32)):
        path = write_receipt(tmp_path / "w.receipts", make_receipt(EARLY, head, signer, versions=VERSIONS))
    assert path == tmp_path / "w.receipts" / f"{EARLY.request_id}.json"
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert verify_receipt(path.read_bytes(), pem) == ()
    assert json.loads(path.read_bytes())["audit"]["sequence"] == 20
