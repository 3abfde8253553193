"""What one run of ingest does, costs and leaves alone."""

from dataclasses import astuple
from pathlib import Path

import pytest
from deltalake import DeltaTable
from flow_rig import BROKEN, OPEN, PARAGRAPHS, Twin, settings_of, texts

from contracts.results import Ingested
from ledger.consent import Receipt

LEAVE, LEAVE_HERE, REQUESTS, PUMP, ITS_PUMP, HOUSING, THIRTY, FOURTEEN = PARAGRAPHS


def document(*paragraphs: str) -> bytes:
    return "\n\n".join(paragraphs).encode()


def many(count: int) -> dict[str, bytes]:
    return {
        f"{number:02}.txt": f"Document {number} is about the number {number} and about nothing else.".encode() for number in range(count)
    }


def files_of(root: Path) -> dict[str, int]:
    """Every file under the lake, by its last change."""
    return {str(path): path.stat().st_mtime_ns for path in (root / "lake").rglob("*")}


def quarantined(twin: Twin) -> dict[str, str]:
    with twin.open() as workspace:
        return dict(workspace.lake.quarantine.read().select("uri", "rule").iter_rows())


def states(twin: Twin) -> dict[str, str]:
    with twin.open() as workspace:
        return dict(workspace.lake.manifest.read().select("uri", "state").iter_rows())


def grant(twin: Twin, person: str, state: str = "granted") -> None:
    with twin.open() as workspace:
        workspace.consent.record([Receipt(workspace.identity.subject(person), "retrieval", state, twin.now, twin.now)])


def nothing_done(done: Ingested) -> bool:
    return (done.embedded, done.cache_hits, done.upserted, done.deleted) == (0, 0, 0, 0)


def test_a_second_ingest_embeds_upserts_deletes_and_writes_nothing(twin):
    twin.files["open"] = {**many(5), "broken.txt": BROKEN, "empty.txt": b"", "late.txt": b"This text has ended long ago."}
    twin.files["people"] = {"ann.txt": document(LEAVE), "ben.txt": document(LEAVE)}
    twin.terms["open"] = {"late.txt": {"expires_at": "2020-01-01"}, "00.txt": {"classification": "nonsense"}}
    twin.ingest()
    before, cached = files_of(twin.root), cache_sizes(twin)
    again = twin.ingest()
    assert nothing_done(again)
    assert (again.documents.added, again.documents.changed, again.documents.removed) == (0, 0, 0)
    assert files_of(twin.root) == before
    assert cache_sizes(twin) == cached


def cache_sizes(twin: Twin) -> tuple[int, int, int]:
    with twin.open() as workspace:
        return workspace.vectors.size(), workspace.duplicates.size(), workspace.present.count()


def test_a_row_names_the_version_that_its_document_has_now(twin):
    twin.files["open"]["a.txt"] = document(LEAVE, PUMP, HOUSING)
    twin.ingest()
    twin.files["open"]["a.txt"] = document(LEAVE, PUMP, HOUSING, THIRTY)
    twin.ingest()
    assert len({row["version_id"] for row in twin.served()}) == 1


def test_an_edit_of_one_document_embeds_its_new_texts_alone(twin):
    twin.files["open"] = many(5)
    twin.files["open"]["a.txt"] = document(LEAVE, PUMP, HOUSING)
    twin.ingest()
    twin.model.texts.clear()
    twin.files["open"]["a.txt"] = document(LEAVE, PUMP, THIRTY)
    done = twin.ingest()
    assert twin.model.texts == [THIRTY]
    assert (done.embedded, done.documents.changed, done.documents.unchanged) == (1, 1, 5)


def test_a_change_of_consent_embeds_nothing(twin):
    twin.files["people"]["a.txt"] = document(LEAVE, PUMP)
    twin.terms["people"]["a.txt"] = {"subjects": ["ann@example.org"]}
    grant(twin, "ann@example.org")
    assert twin.ingest().embedded == 2
    grant(twin, "ann@example.org", "withdrawn")
    withdrawn = twin.ingest()
    assert (withdrawn.embedded, withdrawn.deleted, twin.served()) == (0, 2, [])
    grant(twin, "ann@example.org")
    granted = twin.ingest()
    assert (granted.embedded, granted.cache_hits, granted.upserted) == (0, 2, 2)


def test_a_change_of_terms_embeds_nothing_and_applies_in_the_next_run(twin):
    twin.files["open"]["a.txt"] = document(LEAVE, PUMP)
    twin.ingest()
    twin.terms["open"]["a.txt"] = {"classification": "restricted"}
    assert twin.ingest().embedded == 0
    assert {row["classification"] for row in twin.served()} == {"restricted"}


def test_a_rename_embeds_nothing_and_is_no_withheld_removal(twin):
    twin.files["open"] = many(20)
    twin.ingest()
    twin.files["open"] = {f"moved/{uri}": content for uri, content in twin.files["open"].items()}
    done = twin.ingest()
    assert (done.embedded, done.documents.withheld, done.documents.removed, done.documents.added) == (0, 0, 20, 20)
    assert {row["uri"] for row in twin.served()} == set(twin.files["open"])


def test_the_old_version_is_served_while_the_new_one_cannot_be_parsed(twin):
    twin.files["open"]["a.txt"] = document(LEAVE)
    twin.ingest()
    twin.files["open"]["a.txt"] = BROKEN
    done = twin.ingest()
    assert texts(twin) == {LEAVE}
    assert (done.documents.quarantined, quarantined(twin)) == (1, {"a.txt": "text.not_utf8"})
    twin.files["open"]["a.txt"] = document(PUMP)
    twin.ingest()
    assert texts(twin) == {PUMP}
    assert quarantined(twin) == {}


def test_bytes_that_are_put_back_leave_nothing_of_the_broken_ones(twin):
    twin.files["open"]["a.txt"] = document(LEAVE)
    twin.ingest()
    twin.files["open"]["a.txt"] = BROKEN
    twin.ingest()
    twin.files["open"]["a.txt"] = document(LEAVE)
    done = twin.ingest()
    assert quarantined(twin) == {}
    assert done.documents.quarantined == 0
    assert texts(twin) == {LEAVE}
    assert blobs(twin) == 1


def blobs(twin: Twin) -> int:
    return sum(path.is_file() for path in (twin.root / "lake" / "bronze" / "blobs").rglob("*"))


def test_bytes_that_come_and_go_leave_only_those_of_the_last(twin):
    twin.files["open"]["a.txt"] = document(LEAVE)
    twin.ingest()
    for number in range(3):
        twin.files["open"]["a.txt"] = BROKEN + bytes([number])
        twin.ingest()
    assert blobs(twin) <= 2, "the version that is served, and the last one"


def test_a_quarantined_document_that_vanishes_leaves_the_quarantine(twin):
    twin.files["open"] = {"a.txt": BROKEN, "b.txt": document(LEAVE), "c.txt": document(PUMP)}
    twin.terms["open"] = {"b.txt": {"classification": "nonsense"}}
    twin.ingest()
    assert quarantined(twin) == {"a.txt": "text.not_utf8", "b.txt": "terms.unreadable"}
    twin.files["open"] = {"moved.txt": BROKEN, "c.txt": document(PUMP)}
    twin.ingest()
    assert quarantined(twin) == {"moved.txt": "text.not_utf8"}


def test_a_mass_removal_waits_and_everything_else_goes_on(twin):
    twin.files["open"] = many(20)
    twin.ingest()
    gone = list(twin.files["open"])[:12]
    for uri in gone:
        del twin.files["open"][uri]
    twin.files["open"]["new.txt"] = document(LEAVE)
    done = twin.ingest()
    assert (done.documents.withheld, done.documents.removed, done.documents.added) == (12, 0, 1)
    assert len(twin.served()) == 21
    assert nothing_done(twin.ingest())
    with twin.open() as workspace:
        assert workspace.approvals.approve("open", twin.now) == 12
    assert twin.ingest().documents.removed == 12
    assert len(twin.served()) == 9
    with twin.open() as workspace:
        assert workspace.approvals.approved("open") == set()


def test_withheld_documents_that_return_are_present_again_and_need_an_approval_of_their_own_to_go(twin):
    twin.files["open"] = many(20)
    twin.ingest()
    twin.files["open"] = {}
    assert twin.ingest().documents.withheld == 20
    with twin.open() as workspace:
        workspace.approvals.approve("open", twin.now)
    twin.files["open"] = many(20)
    assert nothing_done(twin.ingest())
    assert set(states(twin).values()) == {"present"}
    twin.files["open"] = {}
    assert twin.ingest().documents.withheld == 20


def test_stricter_terms_reach_documents_whose_removal_is_withheld(twin):
    twin.files["open"] = many(20)
    twin.ingest()
    twin.files["open"] = {}
    twin.settings = settings_of(sources={"open": {"path": ".", "terms": {**OPEN, "classification": "restricted"}}})
    assert twin.ingest("open").documents.withheld == 20
    assert {row["classification"] for row in twin.served()} == {"restricted"}


@pytest.mark.parametrize("content", [document(PUMP), BROKEN, b"x" * 2_000_000], ids=["another", "broken", "too large"])
@pytest.mark.parametrize("terms", [{"classification": "restricted"}, {"expires_at": "2020-01-01"}, {"purposes": ["billing"]}], ids=str)
def test_stricter_terms_apply_at_once_whatever_became_of_the_bytes(twin, content, terms):
    twin.settings = settings_of(parsing={"max_file_mb": 1})
    twin.files["open"]["a.txt"] = document(LEAVE)
    twin.ingest()
    twin.files["open"]["a.txt"] = content
    twin.terms["open"]["a.txt"] = terms
    twin.ingest()
    assert [row for row in twin.served() if row["classification"] == "public"] == []


def test_many_small_runs_do_not_leave_ever_more_files(twin):
    for number in range(40):
        twin.files["open"][f"{number}.txt"] = document(LEAVE, f"Number {number} of many notes that came one by one.")
        twin.ingest("open")
    for folder in (twin.root / "lake").rglob("_delta_log"):
        held = DeltaTable(folder.parent).get_add_actions().num_rows
        assert held <= 17 * 2, f"{folder.parent.name}: {held} files in two buckets"


def test_every_listed_document_is_counted_once(twin):
    twin.files["open"] = {**many(4), "broken.txt": BROKEN, "empty.txt": b"", "late.txt": document(LEAVE)}
    twin.files["people"] = {"a.txt": document(LEAVE), "b.txt": document(LEAVE)}
    twin.terms["open"] = {"00.txt": {"classification": "nonsense"}}
    counted(twin.ingest(), expired=0)
    twin.terms["open"] |= {"late.txt": {"expires_at": "2020-01-01"}, "00.txt": {}}
    twin.files["open"] |= {"01.txt": document(PUMP), "empty.txt": document(HOUSING), "02.txt": BROKEN}
    del twin.files["open"]["03.txt"]
    counted(twin.ingest(), expired=1)
    counted(twin.ingest(), expired=0)


def counted(done: Ingested, *, expired: int) -> None:
    counts = done.documents
    assert counts.seen == counts.added + counts.changed + counts.unchanged + counts.quarantined + expired
    assert done.chunks.produced == done.chunks.redundant + done.chunks.refused + done.chunks.wanted
    assert min(astuple(counts)) >= 0


def test_a_survivor_is_promoted_in_the_run_in_which_its_representative_goes(twin):
    twin.files["open"] = {"a.txt": document(LEAVE), "b.txt": document(LEAVE_HERE), "c.txt": document(LEAVE)}
    first = twin.ingest()
    assert (first.chunks.wanted, first.chunks.redundant) == (1, 2)
    for wanted in (1, 1, 0):
        kept = twin.served()[0]["uri"]
        del twin.files["open"][kept]
        done = twin.ingest()
        assert (done.chunks.wanted, done.chunks.redundant) == (wanted, max(0, len(twin.files["open"]) - wanted))
        assert len(twin.served()) == wanted


def test_new_settings_reach_a_document_whose_new_version_cannot_be_parsed(twin):
    twin.files["open"]["a.txt"] = document(LEAVE, PUMP, HOUSING)
    twin.ingest()
    assert len(twin.served()) == 3
    twin.files["open"]["a.txt"] = BROKEN
    twin.ingest()
    twin.settings = settings_of(chunking={"max_tokens": 64, "min_tokens": 4})
    twin.ingest()
    assert len(twin.served()) == 1
    assert quarantined(twin) == {"a.txt": "text.not_utf8"}


def test_a_file_that_grew_too_large_is_reported_once_whether_or_not_the_held_version_was_parsed(twin):
    twin.settings = settings_of(parsing={"max_file_mb": 1})
    twin.files["open"] = {"a.txt": BROKEN, "b.txt": document(LEAVE)}
    twin.ingest()
    twin.files["open"] = {"a.txt": b"x" * 2_000_000, "b.txt": b"y" * 2_000_000}
    twin.ingest()
    before = files_of(twin.root)
    again = twin.ingest()
    assert again.documents.quarantined == 2
    assert files_of(twin.root) == before


def test_a_document_whose_stored_bytes_are_lost_is_read_again_and_holds_up_nobody(twin):
    twin.files["open"] = {"a.txt": document(LEAVE), "b.txt": document(PUMP)}
    twin.ingest()
    next(path for path in (twin.root / "lake" / "bronze" / "blobs").rglob("*") if path.is_file()).unlink()
    twin.settings = settings_of(parsing={"languages": ["en"]})
    first = twin.ingest()
    assert first.documents.quarantined == 1
    assert texts(twin) == {LEAVE, PUMP}
    second = twin.ingest()
    assert second.documents.quarantined == 0
    assert quarantined(twin) == {}
    with twin.open() as workspace:
        assert workspace.outputs.frame()["fingerprint"].n_unique() == 1
    assert blobs(twin) == 2


def test_a_cache_holds_only_what_the_documents_still_say(twin):
    twin.files["people"]["a.txt"] = document(LEAVE, PUMP)
    twin.terms["people"]["a.txt"] = {"subjects": ["ann@example.org"]}
    grant(twin, "ann@example.org")
    twin.ingest()
    grant(twin, "ann@example.org", "withdrawn")
    twin.ingest()
    twin.files["people"]["a.txt"] = document(LEAVE)
    twin.ingest()
    assert cache_sizes(twin) == (1, 1, 0), "the vector and the hashes of a text that its document no longer says are gone"
