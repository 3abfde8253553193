"""Erasing what says some words, what has expired, and every copy of it that was saved anew."""

import json
import re
import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest
from flow_rig import BROKEN, PARAGRAPHS, Twin, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from test_ingest_flow import document, grant, quarantined, states

import flows.prepare
import flows.reencoded
from chunking.normalise import normalise
from contracts.errors import UsageError
from flows.erase import erase, request_erasure
from flows.phrase import normal_form
from flows.reconcile import reconcile
from flows.targets import Selector, find_targets, preview

LEAVE, LEAVE_HERE, REQUESTS, PUMP, ITS_PUMP, HOUSING, THIRTY, FOURTEEN = PARAGRAPHS
NAMED = "The minutes were taken by Đặng Thị Mai-Anh, who is the secretary of the board since the spring."
SPELT = {
    "utf-8 with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "line ends of Windows": lambda text: text.replace("\n", "\r\n").encode(),
    "decomposed": lambda text: unicodedata.normalize("NFD", text).encode(),
    "capitals": lambda text: text.upper().encode(),
    "other white space and punctuation": lambda text: text.replace(" ", "  ").replace(",", " -").encode() + b"\n\n***\n",
    "one paragraph": lambda text: text.replace("\n\n", " ").encode(),
    "a paragraph a word": lambda text: re.sub(r"\s+", "\n\n", text).encode(),
}


def reached(twin: Twin, kind: str, value: str) -> set[str]:
    with twin.open() as workspace:
        return {target.uri for target in find_targets(workspace, Selector(kind, value), now=twin.now)}


def held(twin: Twin, uri: str, source: str = "open") -> dict[str, int]:
    """What each copy holds of a document, but for the manifest and the quarantine."""
    with twin.open() as workspace:
        counts = {copy.name: copy.count([workspace.identity.document(source, uri)]) for copy in workspace.copies}
    return {name: count for name, count in counts.items() if count and name not in ("lake/bronze/manifest", "lake/quarantine")}


@pytest.fixture
def filled(twin: Twin) -> Twin:
    """A name in a served document, in one that is refused, in one across two paragraphs, and parts of it elsewhere."""
    twin.files["open"] = {
        "minutes.txt": document(NAMED, PUMP),
        "across.txt": document(HOUSING + " Asked by đặng thị", "MAI ANH. " + REQUESTS),
        "other.txt": document("Mai Anh Đặng Thị is somebody else, and so is Đặng Thị Mai Anhorn.", THIRTY),
        "broken.txt": BROKEN,
    }
    twin.files["people"] = {"refused.txt": document("Nobody agreed that Đặng  Thị\nMai/Anh is served.")}
    twin.terms["people"] = {"refused.txt": {"subjects": ["ann@example.org"]}}
    twin.ingest()
    return twin


# By query.


@pytest.mark.parametrize("words", ["Đặng Thị Mai-Anh", "  đặng thị MAI anh ", unicodedata.normalize("NFD", "Đặng Thị Mai Anh")])
def test_a_query_reaches_every_document_that_says_the_words_in_this_order_served_or_not(filled, words):
    assert reached(filled, "query", words) == {"minutes.txt", "across.txt", "refused.txt"}


def test_a_query_is_no_part_of_a_word_and_no_other_order(filled):
    with pytest.raises(UsageError, match="no document that is held says these words") as raised:
        reached(filled, "query", "Anh Đặng Thị Mai")
    assert "Anh" not in str(raised.value), "what somebody wants to be forgotten is not repeated"
    with pytest.raises(UsageError, match="no document"):
        reached(filled, "query", "Thị M")


@pytest.mark.parametrize("words", ["", " ", "?!", "…", "--"])
def test_a_query_without_a_word_is_refused(filled, words):
    with pytest.raises(UsageError, match="no word to look for"):
        reached(filled, "query", words)


def test_a_query_erases_what_it_lists_and_its_words_are_kept_nowhere(filled):
    with filled.open() as workspace:
        would = preview(workspace, Selector("query", "Đặng Thị Mai-Anh"), now=filled.now)
    assert {target.uri for target in would.targets} == {"minutes.txt", "across.txt", "refused.txt"}
    erased = filled.run(erase, Selector("query", "Đặng Thị Mai-Anh"))
    assert (erased.documents, {copy.copy for copy in erased.copies if copy.after}) == (3, set())
    assert {row["uri"] for row in filled.served()} == {"other.txt"}
    assert filled.ingest().upserted == 0
    with filled.open() as workspace:
        request = workspace.requests.get(erased.request_id)
        assert request.key == workspace.identity.content("query", "đặng thị mai anh")
    kept = b"".join(path.read_bytes() for path in filled.root.parent.rglob("*") if path.is_file() and "lake" not in path.parts)
    assert not any(word in kept for word in ("Đặng".encode(), "đặng".encode(), b"ng Th"))


def test_a_query_finds_the_old_text_that_is_served_while_the_new_one_cannot_be_read(twin):
    twin.files["open"]["a.txt"] = document(NAMED)
    twin.ingest()
    twin.files["open"]["a.txt"] = BROKEN
    twin.ingest()
    assert reached(twin, "query", "secretary of the board") == {"a.txt"}


@given(st.lists(st.sampled_from(["ba", "Bà", "3-5", "x", "don't", "b.a", "…"]), min_size=1, max_size=8), st.data())
@settings(max_examples=60, deadline=None)
def test_any_run_of_whole_words_of_a_text_is_found_in_it(words, data):
    """The normal form of a part stands in the normal form of the whole, between spaces."""
    import polars as pl

    start = data.draw(st.integers(0, len(words) - 1))
    part = " ".join(words[start : data.draw(st.integers(start + 1, len(words)))])
    if any(character.isalnum() for character in part):
        whole = pl.select(normalise(pl.lit(" ".join(words)))).item()
        assert f" {normal_form(part)} " in f" {whole} "


# By expiry.


def test_what_has_expired_is_erased_with_a_receipt_and_refused_even_if_its_terms_are_prolonged(twin):
    twin.files["open"] = {"old.txt": document(LEAVE), "new.txt": document(PUMP), "ever.txt": document(THIRTY)}
    twin.terms["open"] = {"old.txt": {"expires_at": "2026-02-01"}, "new.txt": {"expires_at": "2026-03-01"}}
    twin.ingest()
    with pytest.raises(UsageError, match="the terms of no document that is held have ended"):
        reached(twin, "expired", twin.now.isoformat())
    twin.now += timedelta(days=40)
    assert reached(twin, "expired", twin.now.isoformat()) == {"old.txt"}
    erased = twin.run(erase, Selector("expired", twin.now.isoformat()))
    assert (erased.state, erased.documents) == ("deleted", 1)
    assert json.loads(Path(erased.receipt).read_text())["kind"] == "expired"
    twin.terms["open"].clear()
    twin.ingest()
    assert texts(twin) == {PUMP, THIRTY}


# By text.


def test_an_erased_text_that_was_saved_anew_is_quarantined_and_nothing_of_it_is_kept(twin):
    twin.files["open"] = {"a.txt": document(NAMED, PUMP), "b.txt": document(THIRTY)}
    twin.ingest()
    twin.run(erase, Selector("uri", "a.txt"))
    twin.files["people"] = {spelling: save(f"{NAMED}\n\n{PUMP}") for spelling, save in SPELT.items()}
    done = twin.ingest()
    assert done.documents.quarantined == 1 + len(SPELT), "the place, and the texts"
    assert quarantined(twin) == dict.fromkeys(SPELT, "erasure.reencoded")
    assert [held(twin, spelling, "people") for spelling in SPELT] == [{}] * len(SPELT)
    assert texts(twin) == {THIRTY}
    for retry in (True, False):
        again = twin.ingest(retry=retry)
        assert (again.documents.quarantined, again.embedded, again.deleted) == (1 + len(SPELT), 0, 0)
        assert quarantined(twin) == dict.fromkeys(SPELT, "erasure.reencoded"), "no retry changes what was erased"


def test_copies_that_are_held_in_other_bytes_are_erased_too(twin):
    twin.files["open"] = {name: spell(f"{NAMED}\n\n{PUMP}") for name, spell in SPELT.items()}
    twin.files["open"] |= {"longer.txt": document(NAMED, PUMP, "It is so."), "b.txt": document(THIRTY)}
    twin.ingest()
    assert reached(twin, "uri", "capitals") == set(SPELT)
    twin.run(erase, Selector("uri", "capitals"))
    assert {row["uri"] for row in twin.served()} == {"longer.txt", "b.txt"}, "a text within a longer one is another text"


def test_a_text_of_a_few_words_bans_no_other(twin):
    short = b"Left blank on purpose, all of it."
    twin.files["open"] = {"a.txt": short, "b.txt": document(THIRTY)}
    twin.ingest()
    twin.run(erase, Selector("uri", "a.txt"))
    twin.files["open"]["c.txt"] = short + b"\n\n"
    twin.ingest()
    assert {row["uri"] for row in twin.served()} == {"b.txt", "c.txt"}


def test_a_place_whose_text_is_another_is_taken_in_again(twin):
    twin.files["open"] = {"a.txt": document(NAMED), "b.txt": document(THIRTY)}
    twin.ingest()
    twin.run(erase, Selector("uri", "a.txt"))
    twin.files["open"]["b.txt"] = b"\n\n" + document(NAMED)
    twin.ingest()
    assert texts(twin) == set(), "what the place held before has left its source"
    assert states(twin) == {"b.txt": "present"}, "the manifest says which bytes were refused"
    twin.files["open"]["b.txt"] = document(LEAVE)
    twin.ingest()
    assert (texts(twin), quarantined(twin)) == ({LEAVE}, {})
    del twin.files["open"]["b.txt"]
    twin.ingest()
    assert (states(twin), quarantined(twin)) == ({}, {})


def test_a_refused_copy_is_forgotten_with_its_source(twin):
    twin.files["open"] = {"a.txt": document(NAMED), "b.txt": document(THIRTY)}
    twin.ingest()
    twin.run(erase, Selector("uri", "a.txt"))
    twin.files["open"]["again.txt"] = b"\n\n" + document(NAMED)
    twin.ingest()
    del twin.files["open"]["again.txt"]
    twin.ingest()
    assert (quarantined(twin), states(twin)) == ({}, {"b.txt": "present"})


def test_a_refusal_that_was_cut_short_is_finished_by_the_next_run(twin, monkeypatch):
    twin.files["open"] = {"a.txt": document(NAMED)}
    twin.ingest()
    twin.run(erase, Selector("uri", "a.txt"))
    twin.files["open"]["again.txt"] = b"\n\n" + document(NAMED)
    monkeypatch.setattr(flows.reencoded, "_forget", _die)
    with pytest.raises(KeyboardInterrupt):
        twin.ingest()
    monkeypatch.undo()
    assert held(twin, "again.txt") != {}
    twin.ingest()
    assert (held(twin, "again.txt"), quarantined(twin)) == ({}, {"again.txt": "erasure.reencoded"})


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_copy_that_a_run_stores_while_its_text_is_erased_is_gone_at_the_end_of_the_run(twin, monkeypatch):
    """The erasure does not know the copy yet, and the run has just looked whether its text was erased."""
    twin.files["open"] = {"a.txt": document(NAMED, PUMP)}
    twin.ingest()
    look = flows.prepare._refuse_erased

    def look_too_early(*arguments):
        refused = look(*arguments)
        with twin.open_shared() as other:
            request_erasure(other, Selector("uri", "a.txt"), now=twin.now)
        return refused

    monkeypatch.setattr(flows.prepare, "_refuse_erased", look_too_early)
    twin.files["open"] |= {"again.txt": b"\n\n" + document(NAMED, PUMP), "new.txt": document(THIRTY)}
    twin.ingest()
    assert texts(twin) == {THIRTY}
    assert held(twin, "again.txt") == {}
    with twin.open() as workspace:
        assert {(request.kind, request.state) for request in workspace.requests.all()} == {("uri", "deleted"), ("returned", "deleted")}


def test_an_older_workspace_that_never_took_digests_finds_copies_all_the_same(twin):
    twin.files["open"] = {"a.txt": document(NAMED), "b.txt": b"\n\n" + document(NAMED), "c.txt": document(THIRTY)}
    twin.ingest()
    with twin.open() as workspace:
        outputs = workspace.outputs.frame().with_columns(text_digest=None)
        workspace.outputs.finish(outputs, twin.now)
    assert reached(twin, "uri", "a.txt") == {"a.txt", "b.txt"}


def test_after_a_new_grant_only_what_was_never_erased_is_admitted(twin):
    twin.files["people"] = {"ann.txt": document(LEAVE, NAMED)}
    twin.terms["people"] = {"ann.txt": {"subjects": ["ann@example.org"]}}
    grant(twin, "ann@example.org")
    twin.ingest()
    twin.run(erase, Selector("subject", "ann@example.org"))
    twin.files["people"] |= {
        "moved.txt": document(LEAVE, NAMED),
        "saved.txt": document(NAMED[:0], LEAVE, NAMED),
        "new.txt": document(FOURTEEN),
    }
    twin.terms["people"] |= {uri: {"subjects": ["ann@example.org"]} for uri in twin.files["people"]}
    twin.ingest()
    assert texts(twin) == set(), "the erased person agrees to nothing"
    grant(twin, "ann@example.org")
    twin.ingest()
    assert texts(twin) == {FOURTEEN}
    twin.run(reconcile, repair=True)
    assert texts(twin) == {FOURTEEN}
