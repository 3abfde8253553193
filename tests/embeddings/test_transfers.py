"""Texts go to another machine only where policy lets their classification and jurisdiction, and never without a word in the audit."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from endpoint_server import EndpointServer, serving_at_loopback
from pydantic import ValidationError

from configs.endpoint import checked, other_machine
from configs.settings import Settings
from contracts.errors import ContractError
from contracts.terms import Classification
from flows.ask import ask
from flows.compare import compare
from flows.decide import decide
from flows.embedded import embed
from flows.ingest import ingest_from
from flows.workspace import Workspace, open_workspace
from ledger.audit import Choice
from ledger.events import Event
from ledger.suppressions import Suppression
from parsing.memory import parse_plain, unpack_plain
from ragkeep.printing import Silence
from sources.memory import MemorySource
from vectorstore.memory import MemoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FAR = "far.example:8443"
TERMS = {"lawful_basis": "not_personal", "purposes": ["retrieval"], "classification": "public"}
READERS = {"anyone": {"clearance": "restricted"}}
TEXTS = {each.value: f"The {each.value} report is about {each.value} matters and about nothing else." for each in Classification}
SOURCE = MemorySource(
    "all",
    {f"{name}.txt": text.encode() for name, text in TEXTS.items()},
    {f"{name}.txt": {"classification": name, "jurisdiction": "VN"} for name in TEXTS},
)
QUESTION = "what are the matters of the report"


@pytest.fixture
def server(minilm) -> Iterator[EndpointServer]:
    with serving_at_loopback(minilm.dimensions) as server:
        yield server


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server counts as another machine."""
    monkeypatch.setattr("configs.model.other_machine", lambda url: FAR)


@contextmanager
def opened(root: Path, server: EndpointServer, /, located_in: str = "VN", **policies: object) -> Iterator[Workspace]:
    """All is real but the parser and the vector store."""
    settings = Settings(
        sources={"all": {"path": ".", "terms": TERMS}},
        stores={"buckets": 1},
        model={"backend": "http", "url": server.url, "located_in": located_in, "served_as": "minilm"},
        policies=policies,
        readers=READERS,
    )
    with open_workspace(root / "ws", settings, base=root, command="test", now=NOW) as real:
        store = MemoryStore(real.model.identity.dimensions, real.model.fingerprint)
        yield replace(real, parse=parse_plain, unpack=unpack_plain, open_index=lambda _: store)


def ingested(workspace: Workspace, source: MemorySource = SOURCE) -> None:
    ingest_from(workspace, [source], retry_quarantined=False, now=NOW, progress=Silence())


def said(workspace: Workspace, action: str) -> list[Event]:
    return [recorded.event for recorded in workspace.audit.events(Choice(action=action))]


def ids(workspace: Workspace, *classifications: str) -> set[str]:
    manifest = workspace.lake.manifest.read()
    return set(manifest.filter(pl.col("uri").is_in([f"{name}.txt" for name in classifications]))["document_id"])


@pytest.mark.parametrize("allowed", [("public",), ("internal", "restricted")])
def test_only_what_may_leave_is_sent_indexed_and_in_the_audit(tmp_path, server, far, allowed):
    with opened(tmp_path, server, may_leave=allowed) as workspace:
        ingested(workspace)
        assert {name for name, text in TEXTS.items() if any(text in sent for sent in server.texts)} == set(allowed)
        rows = pl.concat(workspace.index.read())
        assert set(rows["document_id"]) == ids(workspace, *allowed)
        (event,) = said(workspace, "texts.sent")
        assert set(event.objects) == ids(workspace, *allowed)
        count = len(allowed)
        assert event.purpose == f"embedding at {FAR} in VN"
        assert event.counts == {"texts": count, "documents": count, "documents.vn": count}


LAWS = {"a.txt": "VN", "b.txt": "EU", "c.txt": "EU", "d.txt": "US", "e.txt": ""}
OF_MANY_LAWS = MemorySource(
    "all",
    {name: f"The text of {name} is by itself.".encode() for name in LAWS},
    {name: {"jurisdiction": law} for name, law in LAWS.items()},
)


def test_a_text_is_sent_abroad_only_where_policy_names_both_jurisdictions_and_the_audit_counts_them(tmp_path, server, far):
    with opened(tmp_path, server, located_in="US", may_leave=["public"], may_go_to={"EU": ["US"], "VN": ["EU"]}) as workspace:
        ingested(workspace, OF_MANY_LAWS)
        assert {name for name in LAWS if any(name in text for text in server.texts)} == {"b.txt", "c.txt", "d.txt"}
        (event,) = said(workspace, "texts.sent")
        assert event.purpose == f"embedding at {FAR} in US"
        assert event.counts == {"texts": 3, "documents": 3, "documents.eu": 2, "documents.us": 1}
        refused = decide(workspace, now=NOW).refused
        assert sorted(refused["rule"]) == ["transfer.abroad", "transfer.no_jurisdiction"]


def test_a_document_whose_jurisdiction_becomes_another_is_withdrawn_by_the_next_run_and_not_sent(tmp_path, server, far):
    with opened(tmp_path, server, located_in="US", may_leave=["public"]) as workspace:
        ingested(workspace, OF_MANY_LAWS)
        assert set(pl.concat(workspace.index.read())["uri"]) == {"d.txt"}
        before = len(server.texts)
        moved = {name: {"jurisdiction": "VN" if name == "d.txt" else "US"} for name in LAWS}
        ingested(workspace, MemorySource("all", OF_MANY_LAWS.files, moved))
        assert set(pl.concat(workspace.index.read())["uri"]) == set(LAWS) - {"d.txt"}
        assert not any("d.txt" in text for text in server.texts[before:])


def test_what_is_erased_while_the_batch_before_is_away_is_not_sent(tmp_path, server, far, monkeypatch):
    monkeypatch.setattr("flows.embedded._BATCH_ROWS", 1)
    with opened(tmp_path, server, may_leave=list(Classification)) as workspace:

        def erase_the_others(answer):
            if len(server.asked) == 1:
                (first,) = (name for name, text in TEXTS.items() if text in server.texts[0])
                others = ids(workspace, *TEXTS) - ids(workspace, first)
                workspace.suppressions.add(Suppression("document", other, "0" * 32, NOW) for other in others)
            return answer

        server.alter = erase_the_others
        ingested(workspace)
        assert len(server.texts) == 1
        assert len(set(pl.concat(workspace.index.read())["uri"])) == 1


def test_a_question_that_is_sent_is_in_the_audit_without_its_words(tmp_path, server, far):
    with opened(tmp_path, server, may_leave=["public"]) as workspace:
        ingested(workspace)
        assert ask(workspace, QUESTION, reader="anyone", now=NOW).hits
        assert server.texts[-1].endswith(QUESTION)
        (event,) = said(workspace, "question.sent")
        assert (event.actor, event.purpose, event.objects, event.counts) == ("anyone", f"embedding at {FAR} in VN", (), {"questions": 1})


def test_a_question_that_is_refused_before_it_is_sent_is_not_in_the_audit_as_sent(tmp_path, server, far):
    with opened(tmp_path, server, may_leave=["public"]) as workspace:
        assert ask(workspace, QUESTION, reader="anyone", now=NOW).rule == "index.empty"
        assert (said(workspace, "question.sent"), server.asked) == ([], [])


def test_what_is_sent_is_in_the_audit_even_if_no_answer_came(tmp_path, server, far):
    server.alter = lambda answer: {"data": []}
    with opened(tmp_path, server, may_leave=["public"]) as workspace:
        with pytest.raises(ContractError, match="0 vectors"):
            ingested(workspace)
        assert len(said(workspace, "texts.sent")) == 1


def test_an_endpoint_on_this_machine_gets_everything_and_is_no_transfer(tmp_path, server):
    with opened(tmp_path, server) as workspace:
        ingested(workspace)
        assert ask(workspace, QUESTION, reader="anyone", now=NOW).hits
        assert all(any(text in sent for sent in server.texts) for text in TEXTS.values())
        assert said(workspace, "texts.sent") == said(workspace, "question.sent") == []


@pytest.mark.parametrize("policies", [{"may_leave": ["internal"]}, {"may_leave": list(Classification), "located_in": "EU"}])
def test_rows_of_gold_that_may_not_be_sent_are_refused_before_anything_is_sent_whoever_asks(tmp_path, server, monkeypatch, policies):
    with opened(tmp_path, server) as workspace:
        ingested(workspace)
        gold = workspace.lake.rows.read()
    before = len(server.asked)
    monkeypatch.setattr("configs.model.other_machine", lambda url: FAR)
    with opened(tmp_path, server, **policies) as workspace:
        with pytest.raises(ContractError, match=r"of \d documents that may not be sent .*policies\.may_leave and policies\.may_go_to"):
            embed(workspace, gold.with_columns(text="a text that no vector is kept of, " + pl.col("text")), now=NOW)
        assert (len(server.asked), said(workspace, "texts.sent")) == (before, [])


def test_rows_of_documents_that_nobody_knows_are_not_sent(tmp_path, server, far):
    with opened(tmp_path, server, may_leave=list(Classification)) as workspace:
        rows = pl.DataFrame({"document_id": ["0" * 32], "text": ["a secret"], "heading_path": [""]})
        with pytest.raises(ContractError, match="1 documents that may not be sent"):
            embed(workspace, rows, now=NOW)
        assert server.asked == []


def test_comparing_two_models_sends_no_passage_that_may_not_leave_though_gold_has_it(tmp_path, server, monkeypatch):
    with opened(tmp_path, server) as workspace:
        ingested(workspace)
        before = len(server.texts)
        monkeypatch.setattr("configs.model.other_machine", lambda url: FAR)
        policies = workspace.settings.policies.model_copy(update={"may_leave": (Classification.PUBLIC,)})
        workspace = replace(workspace, settings=workspace.settings.model_copy(update={"policies": policies}))
        compare(workspace, workspace.index, 10, now=NOW)
        assert {name for name in TEXTS if any(f"The {name}" in sent for sent in server.texts[before:])} == {"public"}
        assert {each for event in said(workspace, "texts.sent") for each in event.objects} == ids(workspace, "public")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"policies": {}}, "policies.may_leave"),
        ({"model": {"backend": "http", "url": "https://far.example/v1"}}, "model.located_in"),
        ({"model": {"backend": "http", "url": "https://far.example/v1", "located_in": "Vietnam"}}, "a jurisdiction is a code"),
        ({"chunking": {"kind": "semantic"}}, "chunking.kind"),
        ({"model": {"backend": "http"}}, "url"),
        ({"model": {"backend": "http", "url": "http://far.example/v1"}}, "readable on the way"),
        ({"model": {"backend": "http", "url": "https://far.example/v1", "exact": True}}, "exact"),
    ],
)
def test_settings_that_would_send_what_they_must_not_are_refused(changes, line):
    right = {"model": {"backend": "http", "url": "https://far.example/v1", "located_in": "VN"}, "policies": {"may_leave": ["public"]}}
    Settings(**right)
    with pytest.raises(ValidationError, match=re.escape(line)):
        Settings(**(right | changes))


@pytest.mark.parametrize(
    ("url", "machine"),
    [
        ("http://localhost:8080/v1", ""),
        ("http://127.9.9.9/v1", ""),
        ("http://[::1]:80/v1", ""),
        ("https://localhost.far.example/v1", "localhost.far.example"),
        ("https://192.0.2.1:8443/v1", "192.0.2.1:8443"),
        ("https://0.0.0.0/v1", "0.0.0.0"),
    ],
)
def test_this_machine_is_its_loopback_and_nothing_else(url, machine):
    assert other_machine(checked(url)) == machine


@pytest.mark.parametrize(
    "url", ["ftp://a/v1", "https:///v1", "https://user:secret@a/v1", "https://a/v1?key=secret", f"https://{'a' * 99}/v1"]
)
def test_an_address_with_more_than_an_address_is_refused_and_not_quoted(url):
    with pytest.raises(ValueError, match=r"address of an endpoint|endpoint.s address") as refused:
        checked(url)
    assert "secret" not in str(refused.value)
