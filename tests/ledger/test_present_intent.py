import hashlib
import signal
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.results import Forgotten
from ledger.database import open_sqlite
from ledger.migrate import migrate
from ledger.present import Present

COLUMNS = ["chunk_id", "document_id", "row_hash", "vector_digest"]


def rows(chunks):
    return pl.DataFrame(
        {"chunk_id": list(chunks), "document_id": [f"doc-{chunk[0]}" for chunk in chunks], "row_hash": list(chunks.values())},
        schema={"chunk_id": pl.String, "document_id": pl.String, "row_hash": pl.String},
    ).with_columns(vector_digest=pl.col("row_hash") + "-v")


def held(present):
    return dict(present.frame().select("chunk_id", "row_hash").iter_rows())


def test_nothing_is_present_at_first(ledger):
    present = Present(ledger)
    assert present.frame().schema == dict.fromkeys(COLUMNS, pl.String)
    assert (present.count(), present.collection(), present.open_intent()) == (0, None, False)


batch = st.tuples(
    st.dictionaries(st.sampled_from(["a1", "a2", "b1", "b2", "c1"]), st.sampled_from("xyz")), st.sets(st.sampled_from(["a1", "b1", "z9"]))
)


@given(st.lists(st.tuples(batch, st.sampled_from(["acknowledged", "lost", "read back"])), max_size=8))
@settings(deadline=None, max_examples=40)
def test_present_is_what_was_acknowledged_or_read_back_and_an_intent_is_open_only_between(new_database, steps):
    present = Present(new_database("ledger"))
    expected, is_open = {}, False
    for (upserts, deletes), outcome in steps:
        present.intend("c1", list(upserts), list(deletes))
        assert present.open_intent()
        assert held(present) == expected
        if outcome == "acknowledged":
            present.acknowledge(rows(upserts), sorted(deletes), "run")
            expected = {chunk: row for chunk, row in expected.items() if chunk not in deletes} | upserts
        elif outcome == "read back":
            present.replace(rows(upserts), "c2", "run")
            expected = dict(upserts)
        is_open = outcome == "lost"
        assert present.open_intent() == is_open
        assert held(present) == expected
        assert present.count() == len(expected)
        assert is_open == (present.intent().height > 0) or not (upserts or deletes)


def test_an_intent_names_its_chunks_until_it_is_acknowledged(ledger):
    present = Present(ledger)
    present.intend("c1", ["a1"], ["b1"])
    present.intend("c1", ["a2"], [])
    assert present.intent().rows() == [("a1", "upsert"), ("a2", "upsert"), ("b1", "delete")]
    assert present.collection() is None
    present.acknowledge(rows({"a1": "x", "a2": "x"}), ["b1"], "run")
    assert (present.intent().height, present.collection()) == (0, "c1")


def test_an_acknowledgement_without_an_intent_is_a_mistake(ledger):
    with pytest.raises(LookupError, match="nothing was intended"):
        Present(ledger).acknowledge(rows({"a1": "x"}), [], "run")


@pytest.mark.parametrize("point", ["after intend", "present.acknowledge"])
def test_a_process_killed_before_the_acknowledgement_is_on_disk_leaves_the_intent_open_and_present_as_it_was(tmp_path, point):
    database = tmp_path / "ledger.sqlite"
    engine = open_sqlite(database)
    migrate(engine, "ledger")
    present = Present(engine)
    present.replace(rows({"a1": "old", "b1": "old"}), "c1", "run")
    program = (
        "import sys, os, signal; from pathlib import Path; import polars as pl\n"
        "from ledger.database import open_sqlite; from ledger.present import Present\n"
        "p = Present(open_sqlite(Path(sys.argv[1]))); p.intend('c1', ['a1', 'a2'], ['b1'])\n"
        "if sys.argv[2] == 'after intend': os.kill(os.getpid(), signal.SIGKILL)\n"
        "new = pl.DataFrame({'chunk_id': ['a1', 'a2'], 'document_id': 'd', 'row_hash': 'new', 'vector_digest': 'v'})\n"
        "p.acknowledge(new, ['b1'], 'run')"
    )
    armed = {"RAGKEEP_KILL_AT": "present.acknowledge"}
    died = subprocess.run([sys.executable, "-c", program, str(database), point], env=armed, check=False)
    assert died.returncode == -signal.SIGKILL
    assert present.open_intent()
    assert present.intent().rows() == [("a1", "upsert"), ("a2", "upsert"), ("b1", "delete")]
    assert held(present) == {"a1": "old", "b1": "old"}
    engine.dispose()


def test_forgetting_documents_leaves_the_others(ledger):
    present = Present(ledger)
    present.replace(rows({"a1": "x", "a2": "x", "b1": "x"}), "c1", "run")
    assert present.forget(["doc-a", "doc-z"]) == Forgotten("present", 2, 0)
    assert present.forget(["doc-a"]) == Forgotten("present", 0, 0)
    assert (present.count(["doc-a"]), present.count(["doc-b"]), present.purge()) == (0, 1, "purged")


def test_rows_beyond_any_batch_are_written_and_read_exactly(ledger):
    present = Present(ledger)
    ids = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(30_000)]
    frame = pl.DataFrame(
        {"chunk_id": [name[:32] for name in ids], "document_id": [ids[n // 20][32:] for n in range(30_000)], "row_hash": ids}
    )
    frame = frame.with_columns(vector_digest=pl.col("chunk_id"))
    present.replace(frame, "c1", "run")
    assert present.frame().sort("chunk_id").equals(frame.sort("chunk_id"))
    gone = frame["chunk_id"].head(2_000).to_list()
    present.intend("c1", [], gone)
    present.acknowledge(frame.clear(), gone, "run")
    assert present.frame().sort("chunk_id").equals(frame.slice(2_000).sort("chunk_id"))
