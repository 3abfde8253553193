from datetime import UTC, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.errors import StoreUnavailable, UsageError
from contracts.ports import DerivedCopy
from contracts.results import Forgotten
from ledger.access import Access, AccessTerms
from ledger.approvals import Approvals
from ledger.backfills import Backfills
from ledger.columns import Moment
from ledger.database import batches, writing
from ledger.models import Models
from ledger.progress import StageOutputs
from ledger.requests import Requests, request_id
from ledger.runs import Runs
from ledger.sources import SourceRegistry

DAY = timedelta(days=1)


@given(st.datetimes(timezones=st.timezones()).filter(lambda moment: 1 < moment.year < 9998))
@settings(deadline=None)
def test_moments_come_back_as_they_went_in_and_in_utc(moment):
    stored = Moment().process_bind_param(moment, None)
    read = Moment().process_result_value(stored, None)
    assert read == moment.astimezone(UTC)
    assert read.tzinfo is UTC


@given(st.lists(st.integers()), st.integers(1, 7))
def test_batches_hold_every_item_in_order_and_none_is_too_long(items, size):
    cut = list(batches(items, size))
    assert [item for batch in cut for item in batch] == items
    assert all(1 <= len(batch) <= size for batch in cut)


def test_sources_are_remembered_as_they_were_last_put(ledger):
    sources = SourceRegistry(ledger)
    sources.put("b", {"path": "/b"})
    sources.put("a", {"path": "/a", "include": ["*.md"]})
    sources.put("b", {"path": "/c"})
    assert sources.all() == {"a": {"path": "/a", "include": ["*.md"]}, "b": {"path": "/c"}}
    assert sources.get("nobody") is None


def test_access_terms_are_known_once_and_sorted(ledger):
    access = Access(ledger)
    hr = AccessTerms("k1", ("hr", "legal"), "internal", ("retrieval",))
    for _ in range(2):
        access.put_many([AccessTerms("k1", ("legal", "hr"), "internal", ("retrieval",)), AccessTerms("k0", (), "public", ("a", "b"))])
    assert access.all() == [AccessTerms("k0", (), "public", ("a", "b")), hr]


def test_a_weights_digest_is_known_only_while_the_file_looks_the_same(ledger):
    models = Models(ledger)
    models.put("/m", 90, 5, "old")
    models.put("/m", 91, 6, "new")
    assert [models.get("/m", *look) for look in ((91, 6), (90, 5), (91, 7))] == ["new", None, None]


def test_a_request_only_moves_forward_and_can_be_taken_up_in_each_state(ledger, noon):
    requests = Requests(ledger)
    opened = requests.record("subject", "ann", noon, {"d2", "d1"})
    assert (opened.request_id, opened.state, opened.documents, opened.deleted_at) == (
        request_id("subject", "ann", noon),
        "suppressed",
        ("d1", "d2"),
        None,
    )
    assert requests.record("subject", "ann", noon, {"d3"}) == opened
    assert requests.unfinished() == requests.unpurged() == [opened]
    copies = (Forgotten("lake", 2, 0), Forgotten("vectors", 3, 1, shared=1))
    deleted = requests.advance(opened.request_id, "deleted", noon + DAY, copies)
    assert (deleted.state, deleted.deleted_at, deleted.copies, requests.unfinished()) == ("deleted", noon + DAY, copies, [])
    assert requests.advance(opened.request_id, "suppressed", noon + 2 * DAY) == deleted
    assert requests.unpurged() == [deleted]
    purged = requests.advance(opened.request_id, "purged", noon + 3 * DAY)
    assert (purged.deleted_at, purged.purged_at, purged.copies) == (noon + DAY, noon + 3 * DAY, copies)
    assert (requests.unpurged(), requests.all()) == ([], [purged])
    with pytest.raises(UsageError, match="erasure request nope: there is none of that id"):
        requests.get("nope")


def test_each_run_has_an_id_of_its_own_that_the_same_history_gives_again(new_database, noon):
    histories = []
    for _ in range(2):
        runs = Runs(new_database("ledger"))
        histories.append([runs.start("ingest", "hr", noon).run_id for _ in range(5)])
    assert histories[0] == histories[1]
    assert len(set(histories[0])) == 5
    assert all(len(name) == 16 for name in histories[0])


def test_a_run_ends_as_done_or_failed_or_is_marked_interrupted_by_the_next_process(ledger, noon):
    runs = Runs(ledger)
    done, lost = runs.start("ingest", "", noon), runs.start("erase", "", noon)
    runs.finish(done.run_id, "done", noon + DAY, {"seen": 3})
    assert runs.interrupt_unfinished(noon + DAY) == [lost.run_id]
    assert runs.interrupt_unfinished(noon + DAY) == []
    assert [(run.outcome, run.finished_at, run.counts) for run in runs.recent()] == [
        ("interrupted", noon + DAY, {}),
        ("done", noon + DAY, {"seen": 3}),
    ]
    assert runs.recent(limit=1)[0].run_id == lost.run_id
    assert runs.get(done.run_id).started_at == noon
    assert runs.get("nope") is None


def test_a_document_has_one_finished_output_and_it_can_be_forgotten(ledger, noon):
    outputs = StageOutputs(ledger)
    first = pl.DataFrame(
        {"document_id": ["a", "b"], "version_id": "v1", "fingerprint": "f", "elements": [3, 4], "chunks": [1, 2]}
    ).with_columns(text_digest=pl.Series(["d", ""]))
    outputs.finish(first, noon)
    outputs.finish(first.head(1).with_columns(version_id=pl.lit("v2"), chunks=pl.lit(9)), noon + DAY)
    outputs.finish(first.clear(), noon)
    assert outputs.frame().sort("document_id").rows() == [("a", "v2", "f", 3, 9, "d"), ("b", "v1", "f", 4, 2, "")]
    assert outputs.forget(["a", "c"]) == Forgotten("progress", 1, 0)
    assert (outputs.count(["a", "b"]), outputs.purge()) == (1, "purged")


def test_a_backfill_goes_on_with_the_partitions_that_are_left(ledger, noon):
    backfills = Backfills(ledger)
    for partition in (2, 0, 2):
        backfills.finish("b1", partition, noon)
    assert backfills.remaining("b1", 4) == [1, 3]
    assert backfills.remaining("b2", 2) == [0, 1]


def test_a_withheld_removal_keeps_its_date_and_an_approval_covers_only_what_waited(ledger, noon):
    approvals = Approvals(ledger)
    approvals.withhold("hr", ["a", "b"], noon)
    approvals.withhold("hr", ["b", "c"], noon + DAY)
    approvals.withhold("crm", ["x"], noon)
    assert approvals.withheld("hr") == {"a": noon, "b": noon, "c": noon + DAY}
    assert approvals.approve("hr", noon + DAY) == 3
    approvals.withhold("hr", ["a", "d"], noon + 2 * DAY)
    assert approvals.withheld("hr") == {"d": noon + 2 * DAY}
    assert approvals.approved("hr") == {"a", "b", "c"}
    assert approvals.withheld("crm") == {"x": noon}
    approvals.clear(["a", "b"])
    assert approvals.forget(["c", "d"]) == Forgotten("approvals", 2, 0)
    assert (approvals.approved("hr"), approvals.withheld("hr"), approvals.count(["x"]), approvals.purge()) == (set(), {}, 1, "purged")


def test_forgetting_more_documents_than_an_sql_list_may_hold_is_exact(ledger, noon):
    approvals = Approvals(ledger)
    approvals.withhold("hr", [f"d{number}" for number in range(1200)], noon)
    assert approvals.forget([f"d{number}" for number in range(0, 2400, 2)]) == Forgotten("approvals", 600, 0)
    assert len(approvals.withheld("hr")) == 600


def test_what_holds_something_of_a_document_is_a_derived_copy(ledger):
    copies: list[DerivedCopy] = [StageOutputs(ledger), Approvals(ledger)]
    assert [(copy.name, copy.count(["a"]), copy.forget(["a"])) for copy in copies] == [
        ("progress", 0, Forgotten("progress", 0, 0)),
        ("approvals", 0, Forgotten("approvals", 0, 0)),
    ]


def test_a_failed_write_leaves_nothing_and_names_the_database(ledger):
    def write_half():
        with writing(ledger) as connection:
            connection.execute(text("INSERT INTO source VALUES ('a', '{}')"))
            connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(StoreUnavailable, match=r"sqlite: no such table: nowhere"):
        write_half()
    assert SourceRegistry(ledger).all() == {}


def test_putting_what_is_already_there_writes_nothing(ledger, noon):
    sources, access, approvals = SourceRegistry(ledger), Access(ledger), Approvals(ledger)

    def put_all():
        sources.put("a", {"path": "/a"})
        access.put_many([AccessTerms("k", (), "public", ("a",))])
        approvals.withhold("hr", ["d"], noon)

    with ledger.connect() as watcher:
        put_all()
        before = watcher.execute(text("PRAGMA data_version")).scalar_one()
        put_all()
        approvals.clear(["nobody"])
        assert watcher.execute(text("PRAGMA data_version")).scalar_one() == before
