"""A new model's index is built beside the old one, which answers until the new one does; erasures reach both, a crash harms neither."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from flow_rig import NOW, SILENCE, read_all
from two_models import ENDING, FILES, TEXTS, Blind, at, ingest, uris

from contracts.errors import StoreUnavailable
from flows.erase import erase
from flows.expire import expire
from flows.ingest import ingest_from
from flows.judge import Bar
from flows.model import MemoryModel
from flows.purge import purge
from flows.reindex import reindex
from flows.serving import serving
from flows.targets import Selector
from forensics.scan import scan
from sources.memory import MemorySource


def kill_reindex(root: Path, point: str) -> None:
    script = f"""
from pathlib import Path
from test_reindex import at, reindex, NOW, SILENCE
with at(Path({str(root)!r}), "large") as workspace:
    reindex(workspace, now=NOW, progress=SILENCE)
"""
    here = Path(__file__).parent
    environment = {**os.environ, "RAGKEEP_KILL_AT": point, "PYTHONPATH": os.pathsep.join([str(here), str(here.parents[1])])}
    killed = subprocess.run([sys.executable, "-c", script], cwd=here.parents[1], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL


def test_after_a_reindex_the_index_is_what_a_fresh_one_by_the_new_model_would_be(root: Path, tmp_path: Path) -> None:
    with at(root, "large") as workspace:
        done = reindex(workspace, now=NOW, progress=SILENCE)
        assert (done.moved, done.refused) == (True, "")
        assert done.compared.questions == done.rows
        assert done.compared.found_after == 1
        assert not workspace.index.outdated()
        rebuilt = read_all(workspace.index)
    with at(tmp_path / "fresh", "large") as workspace:
        ingest(workspace)
        fresh = read_all(workspace.index)
    assert len(rebuilt) == len(fresh) == len(TEXTS)
    vectors = [[row["vector"] for row in sorted(rows, key=lambda row: row["text"])] for rows in (rebuilt, fresh)]
    assert vectors[0] == vectors[1]


def test_an_ingest_by_settings_that_name_another_model_does_the_same_and_what_it_replaced_is_dropped_in_time(root: Path) -> None:
    with at(root, "large") as workspace:
        old = workspace.index.collection()
        assert serving(workspace).identity.dimensions == 16
        assert ingest(workspace).embedded == len(TEXTS)
        assert serving(workspace).identity.dimensions == 48
        assert old in workspace.index.client.list_collections()
        assert uris(workspace)
    with at(root, "large", now=NOW + timedelta(hours=25)) as workspace:
        expire(workspace, now=NOW + timedelta(hours=25), progress=SILENCE)
        assert workspace.index.client.list_collections() == [workspace.index.collection()]


def test_going_back_to_the_model_before_embeds_nothing_and_applies_what_happened_since(root: Path) -> None:
    with at(root, "large") as workspace:
        ingest(workspace)
        fewer = {uri: body for uri, body in FILES.items() if uri != "0.txt"}
        ingest(workspace, fewer)
    with at(root, "small") as workspace:
        done = reindex(workspace, now=NOW, progress=SILENCE)
        assert (done.applied.embedded, done.moved) == (0, True)
        assert {row["uri"] for row in read_all(workspace.index)} == fewer.keys()


def test_a_gate_that_refuses_leaves_the_old_index_answering_and_what_was_built_is_not_built_again(root: Path) -> None:
    with at(root, "large") as workspace:
        refused = reindex(workspace, bar=Bar(gates=[lambda _: False]), now=NOW, progress=SILENCE)
        assert (refused.moved, refused.refused) == (False, "a gate refused it")
        assert workspace.index.outdated()
        assert uris(workspace)[0] == "0.txt"
        again = reindex(workspace, now=NOW, progress=SILENCE)
        assert (again.applied.upserted, again.moved) == (0, True)


def test_a_model_that_finds_less_is_refused_with_the_figures(root: Path) -> None:
    with at(root, "large") as workspace:
        blind = replace(workspace, model=Blind(workspace.model))
        done = reindex(blind, now=NOW, progress=SILENCE)
        assert not done.moved
        assert "fewer questions of the sample find their document, more than the 2.0% allowed" in done.refused
        assert serving(blind).identity.dimensions == 16


def test_questions_are_answered_throughout_and_never_by_a_mixture_of_models(root: Path) -> None:
    with at(root, "large") as workspace:
        stop, problems, answers = Event(), [], []

        def ask_on() -> None:
            while not stop.is_set():
                try:
                    answers.append((serving(workspace).identity.dimensions, uris(workspace)))
                except Exception as problem:  # whatever it is, it is one too many
                    problems.append(problem)

        threads = [Thread(target=ask_on) for _ in range(2)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            assert reindex(workspace, bar=Bar(sample=2), now=NOW, progress=SILENCE).moved
        stop.set()
        for thread in threads:
            thread.join()
    assert not problems
    assert len(answers) > 10
    assert all(found for _, found in answers)


def test_an_erasure_during_the_build_reaches_what_answers_and_what_is_built(root: Path) -> None:
    with at(root, "large") as workspace:
        reindex(workspace, bar=Bar(gates=[lambda _: False]), now=NOW, progress=SILENCE)
        erase(workspace, Selector("uri", "0.txt"), now=NOW, progress=SILENCE)
        everywhere = [row["uri"] for store in (workspace.index, workspace.index.beside()) for row in read_all(store)]
        assert len(everywhere) == 2 * (len(TEXTS) - 1)
        assert "0.txt" not in everywhere
        assert workspace.index.outdated(), "an erasure builds no index"
        assert not scan([root / "index.db"], [TEXTS[0].encode()]).proves_absence, "deleted is not gone"
        assert set(purge(workspace, now=NOW, progress=SILENCE).copies.values()) == {"purged"}
        assert scan([root / "index.db"], [TEXTS[0].encode()]).proves_absence
        assert reindex(workspace, now=NOW, progress=SILENCE).moved
        assert len(read_all(workspace.index)) == len(TEXTS) - 1


def test_what_may_not_be_served_any_more_leaves_the_old_index_before_the_new_one_is_built(root: Path) -> None:
    with at(root, "large") as workspace:
        shut = {"0.txt": {"classification": "restricted"}}
        source = MemorySource("open", FILES, shut)
        seen: list[set[str]] = []

        class Peeking(MemoryModel):
            def embed_documents(self, texts, /):
                seen.append({row["uri"] for row in read_all(workspace.index)})
                return super().embed_documents(texts)

        model = workspace.model
        peeking = replace(workspace, model=Peeking(model.tokenizer, model.tokenizer_identity, model.inner))
        ingest_from(peeking, [source], retry_quarantined=False, now=NOW, progress=SILENCE)
        assert seen
        assert all(held == FILES.keys() - {"0.txt"} for held in seen)
        assert {row["uri"] for row in read_all(workspace.index)} == FILES.keys()


def test_an_expiry_takes_out_what_ended_and_builds_no_index(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    with at(root, "small") as workspace:
        ingest_from(workspace, [MemorySource("open", FILES, ENDING)], retry_quarantined=False, now=NOW, progress=SILENCE)
    later = NOW + timedelta(days=3)
    with at(root, "large", now=later) as workspace:
        assert expire(workspace, now=later, progress=SILENCE).documents == 1
        assert {row["uri"] for row in read_all(workspace.index)} == FILES.keys() - {"0.txt"}
        assert workspace.index.outdated()
        assert reindex(workspace, now=later, progress=SILENCE).rows == len(TEXTS) - 1


@pytest.mark.slow
@pytest.mark.parametrize("point", ["promote.moved", "beside.promoted"])
def test_what_a_killed_reindex_replaced_is_dropped_in_time_and_hides_nothing_from_a_purge(root: Path, point: str) -> None:
    kill_reindex(root, point)
    with at(root, "large") as workspace:
        erase(workspace, Selector("uri", "0.txt"), now=NOW, progress=SILENCE)
        assert purge(workspace, now=NOW, progress=SILENCE).hits == 0
        assert scan([root / "index.db"], [TEXTS[0].encode()]).proves_absence
        assert len(workspace.index.client.list_collections()) == 2, "the one that answers, and the one that is kept"
    later = NOW + timedelta(hours=25)
    with at(root, "large", now=later) as workspace:
        ingest(workspace, {uri: body for uri, body in FILES.items() if uri != "0.txt"}, now=later)
        assert workspace.index.client.list_collections() == [workspace.index.collection()]
        assert workspace.served.answering() == workspace.model.fingerprint


def test_the_ledger_says_who_answers_after_a_reindex_that_was_killed_is_given_up(root: Path) -> None:
    kill_reindex(root, "beside.begun")
    with at(root, "small") as workspace:
        ingest(workspace)
        assert workspace.served.answering() == workspace.model.fingerprint == workspace.index.made_for()


@pytest.mark.slow
@pytest.mark.parametrize("point", ["beside.upserted", "beside.begun", "promote.kept", "promote.moved", "beside.promoted"])
def test_killed_at_any_point_a_reindex_leaves_an_index_that_answers_and_the_next_one_ends_it(root: Path, point: str) -> None:
    kill_reindex(root, point)
    with at(root, "large") as workspace:
        assert len(read_all(workspace.index)) == len(TEXTS)
        assert uris(workspace)[0] == "0.txt"
        assert reindex(workspace, now=NOW, progress=SILENCE).moved
        assert len(read_all(workspace.index)) == len(TEXTS)
        assert serving(workspace).identity.dimensions == 48


def test_an_index_that_lost_rows_while_it_was_built_does_not_answer(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with at(root, "large") as workspace:
        store = type(workspace.index)
        monkeypatch.setattr(store, "upsert", lambda self, rows, vectors, real=store.upsert: real(self, rows[1:], vectors[1:]))
        with pytest.raises(StoreUnavailable, match=r"the collection that was built holds 1 rows too few and 0 too many"):
            reindex(workspace, now=NOW, progress=SILENCE)
        assert uris(workspace)
