"""A plan says what an ingest would do and does none of it; an expiry takes out what has ended, and nothing else."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flow_rig import BROKEN, OPEN, PARAGRAPHS, SILENCE, Twin, settings_of, texts
from test_erase_flow import ids, remaining
from test_ingest_flow import document, files_of, grant

from configs.settings import CostSettings
from flows.cost import Predicted
from flows.expire import expire
from flows.ingest import ingest
from flows.plan import plan

LEAVE, LEAVE_HERE, REQUESTS, PUMP, ITS_PUMP, HOUSING, THIRTY, FOURTEEN = PARAGRAPHS


@pytest.fixture
def planned(folder: Path) -> Twin:
    """A workspace over a real folder, since a plan opens its sources by their names."""
    (folder / "documents").mkdir()
    for name, content in {"a.txt": document(LEAVE), "b.txt": document(PUMP), "broken.txt": BROKEN}.items():
        (folder / "documents" / name).write_bytes(content)
    return Twin(folder / "ws", settings_of(sources={"documents": {"path": "documents", "terms": OPEN}}))


def plan_of(twin: Twin):
    with twin.open() as workspace:
        return plan(workspace, ["documents"], now=twin.now)


def run_ingest(twin: Twin):
    with twin.open() as workspace:
        return ingest(workspace, ["documents"], now=twin.now, progress=SILENCE)


def steps(twin: Twin) -> set[tuple[str, str]]:
    return {(step.action, step.uri) for step in plan_of(twin).documents}


def test_a_plan_names_each_document_that_would_be_read_parsed_or_removed(planned):
    folder = planned.root.parent / "documents"
    assert steps(planned) == {("read", "a.txt"), ("read", "b.txt"), ("read", "broken.txt")}
    run_ingest(planned)
    assert steps(planned) == set()
    (folder / "a.txt").unlink()
    (folder / "b.txt").write_bytes(document(PUMP, HOUSING, THIRTY))
    (folder / "c.txt").write_bytes(document(FOURTEEN))
    assert steps(planned) == {("remove", "a.txt"), ("read", "b.txt"), ("read", "c.txt")}
    planned.settings = settings_of(**{"sources": {"documents": {"path": "documents", "terms": OPEN}}, "chunking": {"max_tokens": 48}})
    assert ("parse", "broken.txt") in steps(planned)


def test_a_plan_changes_nothing(planned):
    run_ingest(planned)
    (planned.root.parent / "documents" / "a.txt").write_bytes(document(FOURTEEN))
    before, rows = files_of(planned.root), planned.served()
    plan_of(planned)
    assert (files_of(planned.root), planned.served(), planned.model.texts) == (before, rows, planned.model.texts)


def test_what_is_planned_for_the_index_is_what_an_ingest_then_does(planned):
    run_ingest(planned)
    planned.settings = settings_of(sources={"documents": {"path": "documents", "terms": {**OPEN, "classification": "internal"}}})
    would = plan_of(planned)
    done = run_ingest(planned)
    assert (would.upserts, would.deletes, would.embeds) == (done.upserted, done.deleted, done.embedded) == (2, 0, 0)


def test_what_has_expired_is_in_no_copy_and_comes_back_only_with_new_terms(twin):
    twin.files["open"] = {"a.txt": document(LEAVE), "b.txt": document(PUMP)}
    twin.terms["open"]["a.txt"] = {"expires_at": "2026-01-03T00:00:00Z"}
    twin.ingest()
    document_ids = ids(twin, "a.txt")
    assert twin.run(expire).documents == 0
    twin.now += timedelta(days=3)
    done = twin.run(expire)
    assert (done.documents, done.deleted) == (1, 1)
    assert remaining(twin, document_ids) == {}
    again = twin.ingest()
    assert (again.documents.added, again.upserted) == (0, 0)
    twin.terms["open"]["a.txt"] = {}
    assert twin.ingest().documents.added == 1
    assert texts(twin) == {LEAVE, PUMP}


def test_the_moment_of_expiry_is_the_first_at_which_it_has_ended(twin):
    twin.files["open"]["a.txt"] = document(LEAVE)
    twin.terms["open"]["a.txt"] = {"expires_at": "2026-01-03T00:00:00Z"}
    twin.now = datetime.fromisoformat("2026-01-02T23:59:57+00:00")
    twin.ingest()
    assert twin.run(expire).documents == 0, "one second before"
    assert twin.run(expire).documents == 1


def test_expire_applies_withdrawn_consents_and_ended_grants_without_a_source(twin):
    twin.files["people"]["a.txt"] = document(LEAVE)
    twin.terms["people"]["a.txt"] = {"subjects": ["ann@example.org"]}
    grant(twin, "ann@example.org")
    twin.ingest()
    grant(twin, "ann@example.org", "withdrawn")
    done = twin.run(expire)
    assert (done.documents, done.deleted, twin.served()) == (0, 1, [])
    with twin.open() as workspace:
        assert workspace.lake.chunks.read().height == 1, "a withdrawn consent may be given again; only the index lets go"


def test_a_survivor_takes_the_place_of_what_expired(twin):
    twin.files["open"] = {"a.txt": document(LEAVE), "b.txt": document(LEAVE_HERE)}
    twin.terms["open"] = {"a.txt": {"expires_at": "2026-01-03", "date": "2020-01-01"}, "b.txt": {"expires_at": "2026-01-05"}}
    twin.ingest()
    twin.now += timedelta(days=2)
    twin.run(expire)
    assert {row["uri"] for row in twin.served()} == {"b.txt"}
    twin.now += timedelta(days=2)
    twin.run(expire)
    assert twin.served() == []


def test_a_run_records_its_tokens_and_price_and_a_plan_predicts_them_by_what_runs_took(planned):
    planned.settings = planned.settings.model_copy(update={"costs": CostSettings(machine_hour=3600, million_tokens=1e6)})
    assert plan_of(planned).cost == Predicted(0, 0, None, None, "USD"), "nobody knows yet what a byte comes to"
    done = run_ingest(planned)
    assert done.tokens == sum(planned.model.tokenizer.count(planned.model.texts)) > 0
    assert done.price == pytest.approx(done.seconds + done.tokens)
    assert plan_of(planned).cost == Predicted(0, 0, 0, 0, "USD")
    folder = planned.root.parent / "documents"
    (folder / "c.txt").write_bytes(2 * (folder / "b.txt").read_bytes())
    cost = plan_of(planned).cost
    held = sum((folder / name).stat().st_size for name in ("a.txt", "b.txt"))
    assert cost.tokens == cost.of_unread == round(done.tokens * (folder / "c.txt").stat().st_size / held)
    assert cost.seconds == pytest.approx(cost.tokens * done.seconds / done.tokens, abs=0.1)
    assert cost.price == pytest.approx(cost.seconds + cost.tokens, abs=0.2)
