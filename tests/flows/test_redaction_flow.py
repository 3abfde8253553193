"""A document of several people goes on without those who do not agree, and nothing of the original stays."""

from datetime import timedelta

import pytest
from flow_rig import BY_CONSENT, OPEN, Twin, settings_of, texts

import flows.erase
import flows.prepare
import flows.redact
from contracts.errors import UnreadableDocument
from flows.erase import erase, request_erasure
from flows.needles import gather_needles
from flows.purge import purge
from flows.targets import Selector, preview
from forensics.scan import scan
from ledger.consent import Receipt

ANN, BEN = "ann@example.org", "ben@example.org"
ANN_ONLY = "Ann Tran keeps the minutes of every meeting in the blue binder upstairs."
BOTH = "Ann Tran and Ben Okoro share the key of the archive on the second floor."
BEN_ONLY = "Ben Okoro has asked for a quieter desk because of his hearing."
LETTER = "\n\n".join([ANN_ONLY, BOTH, BEN_ONLY]).encode()
TERMS = {"subjects": [ANN, BEN], "mentions": {ANN: ["Ann Tran"], BEN: ["Ben Okoro"]}}


def policies(how: str) -> dict:
    sources = {"open": {"path": ".", "terms": OPEN}, "people": {"path": ".", "priority": 1, "terms": BY_CONSENT}}
    return {"sources": sources, "policies": {"partial_consent": how}}


@pytest.fixture
def letter(tmp_path):
    twin = Twin(tmp_path / "ws", settings_of(**policies("redact_passages")))
    twin.files["people"] = {"letter.txt": LETTER}
    twin.terms["people"] = {"letter.txt": TERMS}
    return twin


def say(twin: Twin, person: str, state: str) -> None:
    with twin.open() as workspace:
        workspace.consent.record([Receipt(workspace.identity.subject(person), "retrieval", state, twin.now, twin.now)])


def held(twin: Twin) -> dict:
    with twin.open() as workspace:
        rows = {row["uri"]: row for row in workspace.lake.manifest.read().to_dicts()}
        return rows["letter.txt"]


def test_only_what_is_about_those_who_agree_is_served(letter):
    say(letter, ANN, "granted")
    letter.ingest("people")
    assert texts(letter) == {ANN_ONLY}
    with letter.open() as workspace:
        assert {row["subject_keys"][0] for row in letter.served()} == {workspace.identity.subject(ANN)}


def test_a_withdrawal_takes_out_the_person_and_embeds_only_what_is_new(letter):
    say(letter, ANN, "granted")
    say(letter, BEN, "granted")
    letter.ingest("people")
    assert any("Ben Okoro" in text for text in texts(letter))
    letter.now += timedelta(days=1)
    say(letter, BEN, "withdrawn")
    letter.ingest("people")
    assert texts(letter) == {ANN_ONLY}
    assert letter.ingest("people").upserted == 0


def test_the_original_is_gone_from_bronze_and_its_key_is_destroyed(letter):
    say(letter, ANN, "granted")
    letter.ingest("people")
    row = held(letter)
    with letter.open() as workspace:
        assert b"Okoro" not in workspace.blobs.get(row["document_id"], row["version_id"])
        with pytest.raises(UnreadableDocument, match="no blob"):
            workspace.blobs.get(row["document_id"], row["original_version_id"])
        with pytest.raises(UnreadableDocument, match="key was destroyed"):
            workspace.keys.open(row["document_id"], row["original_version_id"], b"any")
        assert not any("Okoro" in str(row) for table in workspace.lake.copies for row in table.read().iter_rows())


def test_who_agrees_again_is_read_again_from_the_source(letter):
    say(letter, ANN, "granted")
    letter.ingest("people")
    letter.now += timedelta(days=1)
    say(letter, BEN, "granted")
    letter.ingest("people")
    assert "\n\n".join(sorted(texts(letter))).count("Ben Okoro") == 2
    assert held(letter)["redacted"] == []


def test_an_untouched_file_is_neither_read_nor_parsed_again_and_a_touched_one_changes_nothing(letter):
    say(letter, ANN, "granted")
    letter.ingest("people")
    before = held(letter)
    done = letter.ingest("people")
    assert (done.documents.unchanged, done.upserted, held(letter)) == (1, 0, before)


def test_an_edit_is_redacted_as_well(letter):
    say(letter, ANN, "granted")
    letter.ingest("people")
    letter.files["people"]["letter.txt"] = LETTER + b"\n\nBen Okoro wrote once more to say that he would come."
    letter.ingest("people")
    assert texts(letter) == {ANN_ONLY}


@pytest.mark.parametrize(
    "terms",
    [
        {"subjects": [ANN, BEN]},
        {"subjects": [ANN, BEN], "mentions": {BEN: ["Benjamin"]}},
        {**TERMS, "title": "A letter of Ben Okoro"},
    ],
)
def test_where_it_is_unknown_how_a_person_is_named_the_whole_document_goes(letter, terms):
    letter.terms["people"] = {"letter.txt": terms}
    say(letter, ANN, "granted")
    letter.ingest("people")
    assert texts(letter) == set()
    assert letter.ingest("people").documents.unchanged == 1


def test_without_the_policy_all_must_agree(letter):
    letter.settings = settings_of(**policies("refuse"))
    say(letter, ANN, "granted")
    letter.ingest("people")
    assert texts(letter) == set()


def test_a_redacted_document_that_moves_is_a_move_and_no_removal(letter):
    say(letter, ANN, "granted")
    letter.ingest("people")
    letter.files["people"]["moved.txt"] = letter.files["people"].pop("letter.txt")
    letter.terms["people"]["moved.txt"] = TERMS
    letter.settings = settings_of(
        **policies("redact_passages") | {"policies": {"partial_consent": "redact_passages", "withhold_documents": 0, "withhold_share": 0}}
    )
    done = letter.ingest("people")
    assert (done.documents.added, done.documents.removed, done.documents.withheld) == (1, 1, 0)
    assert texts(letter) == {ANN_ONLY}


def test_a_policy_that_no_longer_redacts_refuses_the_whole(letter):
    say(letter, ANN, "granted")
    letter.ingest("people")
    letter.settings = settings_of(**policies("refuse"))
    letter.ingest("people")
    assert texts(letter) == set()
    assert held(letter)["redacted"] == []


def erased(twin: Twin, person: str):
    return twin.run(erase, Selector("subject", person))


@pytest.fixture
def agreed(letter):
    """Both agreed, a copy of the letter names nobody, and Ben has a document of his own."""
    for person in (ANN, BEN):
        say(letter, person, "granted")
    letter.files["open"]["copy.txt"] = LETTER
    letter.files["people"]["ben.txt"] = b"Ben Okoro keeps a list of all his keys in the top drawer of his desk."
    letter.terms["people"]["ben.txt"] = {"subjects": [BEN]}
    letter.ingest()
    letter.now += timedelta(days=1)
    return letter


def test_who_is_erased_is_left_out_of_what_is_about_others_too_and_all_else_of_them_goes(agreed):
    done = erased(agreed, BEN)
    assert (done.documents, done.redacted, done.state) == (2, 1, "deleted")
    assert texts(agreed) == {ANN_ONLY}
    agreed.ingest()
    assert texts(agreed) == {ANN_ONLY}


def test_a_dry_run_tells_what_goes_from_what_stays(agreed):
    with agreed.open() as workspace:
        would = preview(workspace, Selector("subject", BEN), now=agreed.now)
    assert {target.uri: target.redacted for target in would.targets} == {"letter.txt": True, "copy.txt": False, "ben.txt": False}


def test_the_same_bytes_elsewhere_are_refused_and_an_edit_is_redacted(agreed):
    erased(agreed, BEN)
    agreed.files["people"]["again.txt"] = LETTER
    agreed.terms["people"]["again.txt"] = {"subjects": [ANN]}
    agreed.files["people"]["letter.txt"] = LETTER + b"\n\nAnn Tran and Ben Okoro met once more to hand over the key."
    agreed.ingest()
    assert texts(agreed) == {ANN_ONLY}


def test_a_new_grant_brings_nothing_back_of_what_was_erased(agreed):
    erased(agreed, BEN)
    agreed.now += timedelta(days=1)
    say(agreed, BEN, "granted")
    agreed.ingest()
    before = held(agreed)
    assert texts(agreed) == {ANN_ONLY}
    assert agreed.ingest().upserted == 0
    assert held(agreed) == before


def test_who_cannot_be_left_out_takes_the_whole_document_along(agreed):
    agreed.terms["people"]["letter.txt"] = TERMS | {"mentions": {ANN: ["Ann Tran"], BEN: ["Benjamin"]}}
    agreed.ingest()
    done = erased(agreed, BEN)
    assert (done.documents, done.redacted) == (3, 0)
    assert texts(agreed) == set()


def test_who_was_left_out_before_is_erased_from_every_copy_of_the_original_too(agreed):
    say(agreed, BEN, "withdrawn")
    agreed.ingest()
    assert any("Ben Okoro" in text for text in texts(agreed)), "the copy, which names nobody"
    done = erased(agreed, BEN)
    assert (done.documents, done.redacted) == (2, 1)
    assert texts(agreed) == {ANN_ONLY}


class Cut(Exception):
    """The process ended here."""


@pytest.mark.parametrize(
    ("module", "point"),
    [
        (flows.erase, "erase.suppressed"),
        (flows.redact, "redact.blobs"),
        (flows.redact, "redact.manifest"),
        (flows.erase, "erase.redacted"),
        (flows.prepare, "prepare.chunks"),
        (flows.erase, "erase.synchronised"),
    ],
)
def test_an_erasure_that_was_cut_short_anywhere_is_finished_by_the_next_run(agreed, monkeypatch, module, point):
    def cut(reached):
        if reached == point:
            raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(module, "reach", cut)
        with pytest.raises(Cut):
            erased(agreed, BEN)
    agreed.ingest()
    assert texts(agreed) == {ANN_ONLY}
    with agreed.open() as workspace:
        (request,) = workspace.requests.all()
        assert (request.state, len(request.redacted)) == ("deleted", 1)


def test_its_needles_are_found_before_and_nowhere_after_a_purge(agreed):
    with agreed.open() as workspace:
        request = request_erasure(workspace, Selector("subject", BEN), now=agreed.now)
        needles = gather_needles(workspace, request.documents, redacted=request.redacted, person=request.key)
        assert any(b"Ben Okoro" in trace for trace in needles.traces)
        assert scan([workspace.root], list(needles.traces)).found
    done = agreed.run(purge, needles)
    assert (done.requests, done.hits) == ((request.request_id,), 0)
