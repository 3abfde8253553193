"""No model begins to answer unjudged: what is refused waits for a person, and the one before goes on as if nobody had named another."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flow_rig import NOW, SILENCE, read_all
from two_models import FILES, TEXTS, Blind, at, ingest, settings_for, uris

from contracts.errors import SettingsError
from contracts.evaluation import Measured, Scored
from flows.backfill import Window, backfill
from flows.erase import erase
from flows.evaluate import Search, measured_settings
from flows.expire import expire
from flows.ingest import ingest_from
from flows.judge import Bar
from flows.reindex import reindex
from flows.serving import serving
from flows.standing import by_what_answers
from flows.targets import Selector
from flows.workspace import Workspace
from sources.memory import MemorySource

NEW = {"new.txt": b"The wintering grounds of the godwit lie far to the south of its nests."}
MORE = FILES | NEW
LOST = "fewer questions of the sample find their document, more than the 2.0% allowed"
GOLDEN = "- {question: days of paid leave, id: leave, sources: [0.txt]}\n"
BY_QUESTIONS = {"evaluation": {"sample": 0, "questions": ["golden.yaml"]}}
BY_SUITE = {"evaluation": {"sample": 0, "gates": [{"suite": "handbook"}]}}


def blinded(workspace: Workspace) -> Workspace:
    return replace(workspace, model=Blind(workspace.model))


def refused(root: Path, files: dict[str, bytes] = MORE) -> None:
    with at(root, "large") as workspace:
        assert LOST in ingest(blinded(workspace), files).refused


def held(workspace: Workspace) -> tuple[int, int]:
    """Rows of what answers, and of what was built beside it."""
    return len(read_all(workspace.index)), len(read_all(workspace.index.beside()))


def test_an_ingest_by_a_model_that_finds_less_takes_what_is_new_into_what_answers(root: Path) -> None:
    with at(root, "large") as workspace:
        done = ingest(blinded(workspace), MORE)
        assert LOST in done.refused
        assert (done.documents.added, done.chunks.wanted) == (1, len(MORE))
        assert {row["uri"] for row in read_all(workspace.index)} == MORE.keys()
        assert serving(workspace).identity.dimensions == 16
        assert uris(workspace)[0] == "0.txt"
        ((_, told),) = [event for event in workspace.notifier.events if event[0] == "promotion.refused"]
        assert told["reason"] == done.refused
        assert workspace.runs.recent(limit=1)[0].counts["refused"] == done.refused
        assert [refusal.holds for refusal in workspace.refusals.all()] == [True]


def test_what_was_refused_is_neither_built_on_nor_judged_by_the_runs_that_follow(root: Path) -> None:
    refused(root)
    more = MORE | {"later.txt": b"Charcoal burners stacked the wood so that it smouldered for a week without flame."}
    with at(root, "large") as workspace:
        blind = blinded(workspace)
        done = ingest(blind, more)
        assert LOST in done.refused
        assert (done.embedded, done.upserted, blind.model.asked, blind.model.texts) == (1, 1, 0, [])
        assert held(workspace) == (len(more), len(MORE))
        assert not by_what_answers(workspace).index.outdated()
        assert expire(by_what_answers(workspace), now=NOW, progress=SILENCE).deleted == 0


def test_a_reindex_goes_on_with_what_was_built_and_moves_once_it_is_good_enough(root: Path) -> None:
    refused(root)
    with at(root, "large") as workspace:
        done = reindex(workspace, now=NOW, progress=SILENCE)
        assert (done.moved, done.applied.embedded, done.applied.upserted) == (True, 0, 0)
        assert not workspace.refusals.holding()
        assert ingest(workspace, MORE).refused == ""
        assert serving(workspace).identity.dimensions == 48


def test_withdrawals_and_erasures_reach_what_answers_and_what_was_refused(root: Path) -> None:
    refused(root)
    with at(root, "large") as workspace:
        standing = by_what_answers(workspace)
        ingest(standing, {uri: body for uri, body in MORE.items() if uri != "1.txt"})
        assert held(workspace) == (len(MORE) - 1, len(MORE) - 1)
        erase(standing, Selector("uri", "2.txt"), now=NOW, progress=SILENCE)
        assert held(workspace) == (len(MORE) - 2, len(MORE) - 2)
        ending = {"3.txt": {"expires_at": "2026-01-02T00:00:00Z"}}
        files = {uri: body for uri, body in MORE.items() if uri not in ("1.txt", "2.txt")}
        later = NOW + timedelta(days=3)
        ingest_from(standing, [MemorySource("open", files, ending)], retry_quarantined=False, now=NOW, progress=SILENCE)
        assert expire(standing, now=later, progress=SILENCE).documents == 1
        assert held(workspace) == (len(MORE) - 3, len(MORE) - 3)


def test_a_document_that_is_admitted_no_more_leaves_what_was_refused_too(root: Path) -> None:
    refused(root)
    with at(root, "large") as workspace:
        shut = {"0.txt": {"purposes": ["dpv:Marketing"]}}
        standing = by_what_answers(workspace)
        ingest_from(standing, [MemorySource("open", MORE, shut)], retry_quarantined=False, now=NOW, progress=SILENCE)
        assert held(workspace) == (len(MORE) - 1, len(MORE) - 1)


def test_the_old_settings_end_a_refusal_and_the_model_is_judged_anew_when_it_is_named_again(root: Path) -> None:
    refused(root)
    with at(root, "small") as workspace:
        done = ingest(workspace, MORE)
        assert (done.refused, done.embedded, done.upserted) == ("", 0, 0)
        assert [refusal.holds for refusal in workspace.refusals.all()] == [False]
    with at(root, "large") as workspace:
        assert ingest(workspace, MORE).refused == ""
        assert serving(workspace).identity.dimensions == 48


def test_golden_questions_of_the_settings_are_asked_and_it_is_tried_again_once_they_change(root: Path) -> None:
    with at(root, "large", sections=BY_QUESTIONS) as workspace:
        done = ingest(blinded(workspace))
        assert done.refused.startswith("golden.yaml: its questions could not be asked. Look at why with: ragkeep questions check")
    (root.parent / "golden.yaml").write_text(GOLDEN)
    with at(root, "large", sections=BY_QUESTIONS) as workspace:
        done = ingest(blinded(workspace))
        assert done.refused.startswith("golden.yaml: ndcg@10 changed by -")
        assert {one.measured.model_identity for one in workspace.evaluations.recent()} == {
            one.fingerprint for one in workspace.served.all()
        }
    with at(root, "large", sections=BY_QUESTIONS) as workspace:
        assert ingest(workspace).refused == done.refused, "nothing has changed"
    (root.parent / "golden.yaml").write_text(GOLDEN.replace("id: leave", "id: free-days"))
    with at(root, "large", sections=BY_QUESTIONS) as workspace:
        assert ingest(workspace).refused == ""
        assert serving(workspace).identity.dimensions == 48


def test_a_suite_that_a_gate_names_decides_by_what_was_measured_of_both(root: Path) -> None:
    def measure(workspace: Workspace, score: float) -> None:
        settings = measured_settings(workspace, workspace.model, Search())
        measured = Measured("handbook", "0", settings, workspace.model.name, workspace.model.fingerprint, "hybrid")
        workspace.evaluations.add(measured, [Scored("one", {"ndcg@10": score})], {}, NOW)

    with at(root, "large", sections=BY_SUITE) as workspace:
        assert "handbook: the new model was not measured by these settings" in ingest(workspace).refused
        measure(workspace, 0.9)
        assert "handbook: the model that answers was not measured" in ingest(workspace).refused
    with at(root, "small", sections=BY_SUITE) as workspace:
        measure(workspace, 0.95)
    with at(root, "large", sections=BY_SUITE) as workspace:
        assert "handbook: ndcg@10 changed by -0.0500" in ingest(workspace).refused
        measure(workspace, 0.94)
        assert ingest(workspace).refused == ""


def test_a_backfill_that_is_refused_goes_on_by_what_answers(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for uri, body in MORE.items():
        (folder / uri).write_bytes(body)
    here = {"sources": {"open": {"path": str(folder), "terms": settings_for("small").sources["open"].terms.model_dump(mode="json")}}}
    everything = Window.of(since=None, until=None, prefix="", partitions=4)
    with at(root, "large", sections=here) as workspace:
        blind = blinded(workspace)
        done = backfill(blind, "open", everything, restart=False, now=NOW, progress=SILENCE)
        assert LOST in done.refused
        assert len(blind.model.texts) <= len(MORE), "built once, not once a partition"
        assert {row["uri"] for row in read_all(workspace.index)} == MORE.keys()
        assert serving(workspace).identity.dimensions == 16


def test_another_chunking_that_was_refused_with_its_model_is_left_too(root: Path) -> None:
    finer = {"chunking": {"max_tokens": 16, "min_tokens": 4}}
    with at(root, "small") as workspace:
        before = read_all(workspace.index)
    with at(root, "large", sections=finer) as workspace:
        assert LOST in ingest(blinded(workspace)).refused
        after = read_all(workspace.index)
        assert [row["chunk_id"] for row in after] == [row["chunk_id"] for row in before]
        assert len(read_all(workspace.index.beside())) > len(after)


def test_a_reindex_by_settings_that_stay_makes_an_ingest_leave_what_it_refused(root: Path) -> None:
    """Or the chunking that a person has just seen refused would go live in place with the next scheduled run."""
    finer = {"chunking": {"max_tokens": 16, "min_tokens": 4}}
    with at(root, "small", sections=finer) as workspace:
        before = read_all(workspace.index)
        assert not reindex(workspace, bar=Bar(gates=[lambda _: False]), now=NOW, progress=SILENCE).moved
        assert ingest(workspace).refused == "a gate refused it"
        assert read_all(workspace.index) == before
        assert reindex(workspace, now=NOW, progress=SILENCE).moved
        assert len(read_all(workspace.index)) > len(before)


def test_the_first_model_answers_unjudged(tmp_path: Path) -> None:
    with at(tmp_path / "fresh", "large") as workspace:
        assert ingest(blinded(workspace)).refused == ""
        assert serving(workspace).identity.dimensions == 48


def test_where_what_answers_can_be_asked_nothing_the_new_model_answers(root: Path) -> None:
    def gone(_: object) -> None:
        raise SettingsError("model.name: it was deleted")

    with at(root, "large") as workspace:
        assert ingest(replace(blinded(workspace), open_model=gone)).refused == ""
        assert len(read_all(workspace.index)) == len(TEXTS)


def test_an_index_of_an_older_schema_is_made_anew_and_nothing_is_compared(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vectorstore.collection.SCHEMA_VERSION", 2)
    with at(root, "small") as workspace:
        assert workspace.index.outdated()
        blind = blinded(workspace)
        assert ingest(blind).refused == ""
        assert (blind.model.asked, len(read_all(workspace.index))) == (0, len(TEXTS))
        assert not workspace.index.outdated()


def test_killed_after_a_refusal_the_next_run_takes_what_is_new_into_what_answers(root: Path) -> None:
    script = f"""
from pathlib import Path
from test_promotion import MORE, at, blinded, ingest
with at(Path({str(root)!r}), "large") as workspace:
    ingest(blinded(workspace), MORE)
"""
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here), str(here.parents[1])])
    environment = {**os.environ, "RAGKEEP_KILL_AT": "standing.refused", "PYTHONPATH": paths}
    killed = subprocess.run([sys.executable, "-c", script], cwd=here.parents[1], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    with at(root, "large") as workspace:
        assert LOST in ingest(workspace, MORE).refused
        assert {row["uri"] for row in read_all(workspace.index)} == MORE.keys()
        assert workspace.served.answering() == workspace.index.made_for()
