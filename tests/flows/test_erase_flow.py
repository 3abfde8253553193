"""What an erasure reaches, and what never comes back."""

import importlib
import inspect
import pkgutil
from datetime import timedelta

import pytest
from flow_rig import BROKEN, PARAGRAPHS, SILENCE, Twin, texts
from test_ingest_flow import document, files_of, grant

import lake
import ledger
import sources
import vectorstore
from contracts.errors import UsageError
from flows.erase import erase
from flows.expire import expire
from flows.reconcile import reconcile
from flows.targets import Selector, find_targets, preview
from ledger.suppressions import Suppression

LEAVE, LEAVE_HERE, REQUESTS, PUMP, ITS_PUMP, HOUSING, THIRTY, FOURTEEN = PARAGRAPHS


@pytest.fixture
def filled(twin: Twin) -> Twin:
    """Ann in two documents, one of them copied elsewhere; Ben in one; and a text that two documents share."""
    twin.files["people"] = {"ann.txt": document(LEAVE, PUMP), "both.txt": document(HOUSING, REQUESTS), "ben.txt": document(LEAVE_HERE)}
    twin.files["open"] = {"copy.txt": document(LEAVE, PUMP), "other.txt": document(THIRTY), "broken.txt": BROKEN}
    twin.terms["people"] = {
        "ann.txt": {"subjects": ["ann@example.org"]},
        "both.txt": {"subjects": ["ann@example.org", "ben@example.org"]},
        "ben.txt": {"subjects": ["ben@example.org"]},
    }
    grant(twin, "ann@example.org")
    grant(twin, "ben@example.org")
    twin.ingest()
    return twin


def reached(twin: Twin, selector: Selector) -> set[str]:
    with twin.open() as workspace:
        return {target.uri for target in find_targets(workspace, selector, now=twin.now)}


def ids(twin: Twin, *uris: str) -> list[str]:
    with twin.open() as workspace:
        return [workspace.identity.document(source, uri) for source in ("open", "people") for uri in uris]


def remaining(twin: Twin, document_ids: list[str]) -> dict[str, int]:
    with twin.open() as workspace:
        return {copy.name: copy.count(document_ids) for copy in workspace.copies if copy.count(document_ids)}


def test_a_dry_run_changes_nothing(filled):
    before, rows = files_of(filled.root), filled.served()
    with filled.open() as workspace:
        would = preview(workspace, Selector("subject", "ann@example.org"), now=filled.now)
    assert {target.uri for target in would.targets} == {"ann.txt", "both.txt", "copy.txt"}
    assert would.copies["index"] >= 3
    assert (files_of(filled.root), filled.served()) == (before, rows)


@pytest.mark.parametrize(
    ("kind", "value", "uris"),
    [
        ("subject", "ann@example.org", {"ann.txt", "both.txt", "copy.txt"}),
        ("uri", "ben.txt", {"ben.txt"}),
        ("uri", "copy.txt", {"ann.txt", "copy.txt"}),
        ("uri", "broken.txt", {"broken.txt"}),
        ("source", "open", {"copy.txt", "other.txt", "broken.txt", "ann.txt"}),
    ],
)
def test_no_copy_holds_anything_of_an_erased_document(filled, kind, value, uris):
    assert reached(filled, Selector(kind, value)) == uris
    document_ids = ids(filled, *uris)
    erased = filled.run(erase, Selector(kind, value))
    assert {copy.copy: copy.after for copy in erased.copies if copy.after} == {}
    assert remaining(filled, document_ids) == {}
    assert filled.ingest().upserted == 0
    assert remaining(filled, document_ids) == {}
    assert uris.isdisjoint(row["uri"] for row in filled.served())


def test_a_document_is_erased_by_its_id(filled):
    document_id = ids(filled, "other.txt")[0]
    filled.run(erase, Selector("document", document_id))
    assert THIRTY not in texts(filled)


def test_erasing_what_nobody_knows_says_so(filled):
    with pytest.raises(UsageError, match="no document with uri 'nowhere' is held"):
        filled.run(erase, Selector("uri", "nowhere"))


def test_erased_bytes_are_refused_under_any_name_and_in_any_source(filled):
    filled.run(erase, Selector("uri", "other.txt"))
    filled.files["open"]["again.txt"] = document(THIRTY)
    filled.files["people"]["again.txt"] = document(THIRTY)
    done = filled.ingest()
    assert done.documents.quarantined == 2 + 1 + 1, "the place, and two new ones, and the broken document"
    assert THIRTY not in texts(filled)
    assert remaining(filled, ids(filled, "again.txt")) == {}


def test_an_older_version_that_is_still_served_is_erased_and_refused_too(twin):
    twin.files["open"] = {"a.txt": document(LEAVE), "b.txt": document(LEAVE)}
    twin.ingest()
    twin.files["open"]["a.txt"] = BROKEN
    twin.ingest()
    twin.run(erase, Selector("uri", "b.txt"))
    assert texts(twin) == set(), "the same bytes were still served of the other document"
    twin.files["open"]["c.txt"] = document(LEAVE)
    twin.ingest()
    assert texts(twin) == set()


def test_erasing_a_document_refuses_the_version_that_was_served_of_it(twin):
    twin.files["open"]["a.txt"] = document(LEAVE)
    twin.ingest()
    twin.files["open"]["a.txt"] = BROKEN
    twin.ingest()
    twin.run(erase, Selector("uri", "a.txt"))
    twin.files["open"]["b.txt"] = document(LEAVE)
    twin.ingest()
    assert texts(twin) == set()


def test_a_document_that_only_the_quarantine_knows_can_be_erased(twin):
    twin.files["open"] = {"about ann.txt": document(LEAVE), "b.txt": document(PUMP)}
    twin.terms["open"]["about ann.txt"] = {"classification": "nonsense"}
    twin.ingest()
    twin.run(erase, Selector("uri", "about ann.txt"))
    twin.terms["open"].clear()
    twin.ingest()
    assert texts(twin) == {PUMP}
    with twin.open() as workspace:
        assert workspace.lake.quarantine.read().is_empty()


def test_what_an_erased_document_hid_is_served_in_the_same_run(twin):
    twin.files["open"] = {"a.txt": document(LEAVE), "b.txt": document(LEAVE_HERE)}
    twin.ingest()
    (kept,) = twin.served()
    twin.run(erase, Selector("uri", kept["uri"]))
    assert {row["uri"] for row in twin.served()} == {"a.txt", "b.txt"} - {kept["uri"]}


def test_a_new_grant_does_not_bring_erased_documents_back(filled):
    filled.run(erase, Selector("subject", "ann@example.org"))
    grant(filled, "ann@example.org")
    filled.files["people"]["new.txt"] = document(FOURTEEN)
    filled.terms["people"]["new.txt"] = {"subjects": ["ann@example.org"]}
    filled.ingest()
    assert {row["uri"] for row in filled.served()} == {"ben.txt", "other.txt", "new.txt"}


def test_an_erased_person_agrees_to_nothing_any_more(filled):
    filled.run(erase, Selector("subject", "ann@example.org"))
    filled.files["people"]["new.txt"] = document(FOURTEEN)
    filled.terms["people"]["new.txt"] = {"subjects": ["ann@example.org"]}
    filled.ingest()
    assert FOURTEEN not in texts(filled)


def test_an_erasure_during_a_run_wins(filled):
    """What the run wrote of the document meanwhile is taken out again before the run ends."""
    document_id = ids(filled, "late.txt")[0]
    with filled.open() as workspace:
        suppressions = workspace.suppressions
        filled.model.embed_documents, real = lambda texts: suppress() or real(texts), filled.model.embed_documents

        def suppress():
            suppressions.add([Suppression("document", document_id, "0" * 32, filled.now)])

        from flows.ingest import ingest_from

        filled.files["open"]["late.txt"] = document(FOURTEEN)
        ingest_from(workspace, [filled.source("open")], retry_quarantined=False, now=filled.now, progress=SILENCE)
    del filled.model.embed_documents
    assert FOURTEEN not in texts(filled)


class Killed(Exception):
    pass


@pytest.mark.parametrize("point", ["erase.recorded", "erase.suppressed", "erase.synchronised", "retire.forgot", "sync.deleted"])
@pytest.mark.parametrize("flow", [expire, reconcile, erase], ids=lambda flow: flow.__name__)
def test_an_erasure_that_was_cut_short_is_finished_by_whatever_runs_next(filled, monkeypatch, point, flow):
    def fail(reached: str) -> None:
        if reached == point:
            raise Killed

    filled.terms["open"]["other.txt"] = {"expires_at": "2026-01-02T00:00:00Z"}
    filled.ingest()
    for module in ("flows.erase", "flows.retire", "flows.withdraw"):
        monkeypatch.setattr(f"{module}.reach", fail)
    with pytest.raises(Killed):
        filled.run(erase, Selector("uri", "other.txt"))
    monkeypatch.undo()
    filled.now += timedelta(days=2)
    filled.run(flow, *([Selector("uri", "ben.txt")] if flow is erase else []), **({"repair": True} if flow is reconcile else {}))
    assert THIRTY not in texts(filled)
    assert remaining(filled, ids(filled, "other.txt")) == {}
    filled.terms["open"].clear()
    filled.files["open"] |= {"again.txt": document(THIRTY)}
    filled.ingest()
    assert THIRTY not in texts(filled)


def adapters():
    """Every class of the floor of adapters that can forget, count and purge."""
    for package in (sources, lake, ledger, vectorstore):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name:
                continue
            for _, one in inspect.getmembers(importlib.import_module(found.name), inspect.isclass):
                if one.__module__ == found.name and all(hasattr(one, name) for name in ("forget", "count", "purge")):
                    yield one


def test_every_adapter_that_can_forget_is_on_the_list_that_erasure_walks(twin):
    with twin.open() as workspace:
        listed = {type(copy) for copy in workspace.copies}
        names = [copy.name for copy in workspace.copies]
    known = {adapter for adapter in adapters() if adapter.__name__ != "MilvusStore"}
    assert len(known) > 5
    assert known == listed, "Milvus has its twin's place in this workspace"
    assert len(names) == len(set(names))


def test_every_table_of_the_lake_is_on_that_list_and_the_manifest_is_the_last(twin):
    with twin.open() as workspace:
        names = [copy.name for copy in workspace.copies]
        members = vars(type(workspace.lake)).items()
        tables = {getattr(workspace.lake, name).name for name, member in members if isinstance(member, property) and name != "copies"}
    assert tables <= set(names)
    assert names[-1] == workspace.lake.manifest.name
