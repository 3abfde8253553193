"""Evaluations and golden questions from the command line, on a small suite and on the small workspace."""

import json
from pathlib import Path

import pytest
from front_door import Outcome, Site, call, write

from evaluation.measures import DOCUMENT_MEASURES, SPAN_MEASURES
from ledger.database import open_sqlite
from ledger.evaluations import Evaluations

BASE = Path(__file__).parents[3] / "shared" / "data"
CORPUS = {
    "bridge": "The iron bridge at the old mill was closed for repairs, since two of its girders had rusted through.",
    "ferry": "The ferry to the island leaves every forty minutes from the northern pier, and takes bicycles free of charge.",
    "tram": "The tram to the harbour runs all night on the first of May, and stops at each of the seven gates.",
    "mill": "The old mill grinds rye and wheat for the villages of the valley, and is driven by the river alone.",
}
QUERIES = [("q1", "why was the bridge closed", "bridge"), ("q2", "does the ferry take a bicycle", "ferry"), ("q3", "night tram", "tram")]
GOLDEN = """\
- question: why was the iron bridge closed
  id: bridge
  sources: [bridge.md]
  spans: [{source: handbook/bridge.md, text: two of its girders had rusted through}]
  slices: {topic: repairs}
- question: who works from the branch office on Tuesdays
  id: mai
  sources: [staff/mai.txt]
  reader: alice
- question: who works from the branch office on Tuesdays
  id: mai-as-guest
  sources: [mai.txt]
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("suites") / "towns"
    write(folder / "corpus.jsonl", "".join(json.dumps({"_id": name, "text": text}) + "\n" for name, text in CORPUS.items()))
    rows = [{"_id": name, "text": text, "doc_id": document} for name, text, document in QUERIES]
    write(folder / "queries.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def measured(suite: Path) -> tuple[Site, Outcome]:
    """A new workspace with one evaluation of the suite, whose scratch workspace is kept."""
    site = Site(suite.parent / "home" / "keep")
    return site, site.run("evaluate", "--suite", suite, "--keep", suite.parent / "kept", "--json")


def test_an_evaluation_prints_one_object_with_every_measure_by_its_name(measured: tuple[Site, Outcome]) -> None:
    found = measured[1].json
    assert measured[1].err == ""
    assert {name: found[name] for name in DOCUMENT_MEASURES} == {"ndcg@10": 1.0, "recall@5": 1.0, "mrr": 1.0, "precision@5": 0.2}
    assert (found["suite"], found["questions"], found["documents"], found["chunks"], found["search"]) == ("towns", 3, 4, 4, "hybrid")
    assert found["intervals"].keys() == set(DOCUMENT_MEASURES)
    assert found["slices"] == {}, "all of it is English text of one source"


def test_a_kept_scratch_workspace_embeds_nothing_again(measured: tuple[Site, Outcome], suite: Path) -> None:
    again = measured[0].run("evaluate", "--suite", suite, "--keep", suite.parent / "kept", "--dense", "--limit", "2", "--json").json
    assert (again["embedded"], again["cache_hits"], again["questions"], again["search"]) == (0, 0, 2, "dense")
    assert again["settings"] != measured[1].json["settings"]


def test_a_scratch_workspace_has_a_key_of_its_own_and_an_audit_of_evaluations_alone(measured: tuple[Site, Outcome], suite: Path) -> None:
    (kept,) = (suite.parent / "kept").iterdir()
    assert (kept / "workspace.key").read_bytes() != (measured[0].home.parent / "keep.key").read_bytes()
    log = call("--workspace", kept / "workspace", "audit", "log", "--action", "evaluate", "--json").json
    assert len(log) >= len(QUERIES)
    assert call("--workspace", kept / "workspace", "audit", "log", "--action", "search", "--json").json == []


def test_another_setting_is_measured_without_a_change_of_the_workspace(measured: tuple[Site, Outcome], suite: Path) -> None:
    options = ("--keep", suite.parent / "kept", "--set", "chunking.max_tokens=16", "--set", "chunking.min_tokens=0", "--json")
    found = measured[0].run("evaluate", "--suite", suite, *options).json
    assert found["chunks"] > 4
    assert found["settings"] != measured[1].json["settings"]


def test_stored_runs_are_listed_shown_and_compared(measured: tuple[Site, Outcome], suite: Path) -> None:
    site, first = measured
    site.run("evaluate", "--suite", suite, "--keep", suite.parent / "kept", "--json")
    runs = site.run("evaluate", "list", "--json").json
    assert runs[-1]["run_id"] == first.json["run_id"]
    assert site.run("evaluate", "show", "1", "--json").json == first.json
    each = site.run("evaluate", "show", first.json["run_id"][:6], "--questions", "--json").json
    assert [one["question_id"] for one in each] == ["q1", "q2", "q3"]
    differences = site.run("evaluate", "compare", "1", "last", "--json").json
    assert {one["measure"]: one["paired"]["difference"] for one in differences} == dict.fromkeys(DOCUMENT_MEASURES, 0.0)
    for command in (("list",), ("show", "1"), ("show", "1", "--questions"), ("compare", "1", "last"), ("show", "1", "--slice", "format")):
        shown = site.run("evaluate", *command)
        assert (shown.code, shown.err) == (0, "")
        assert "1.0000" in shown.out or "1.000" in shown.out


def test_a_gate_passes_equal_runs_and_stops_worse_ones(measured: tuple[Site, Outcome]) -> None:
    site = measured[0]
    settings = site.home / "ragkeep.yaml"
    try:
        assert "no gate for towns" in site.run("evaluate", "gate", "1", "1").err
        write(settings, "evaluation:\n  gates: [{suite: towns, metric: mrr, tolerance: 0}]\n")
        passed = site.run("evaluate", "gate", "1", "1", "--json")
        assert (passed.code, passed.json["passed"], passed.json["verdicts"][0]["passed"]) == (0, True, True)
        engine = open_sqlite(site.home / "ledger.sqlite")
        good = Evaluations(engine).get("1")
        worse = [type(one)(one.question_id, {**one.scores, "mrr": 0.5}) for one in good.questions]
        name = Evaluations(engine).add(good.measured, worse, {}, good.at).run_id
        engine.dispose()
        failed = site.run("evaluate", "gate", "1", name)
        assert failed.code == 1
        assert failed.out.startswith("FAILED: mrr changed by -0.5000")
    finally:
        settings.unlink(missing_ok=True)


def test_golden_questions_are_asked_of_the_workspace_by_their_readers(site: Site, tmp_path: Path) -> None:
    write(tmp_path / "golden.yaml", GOLDEN)
    outcome = site.run("evaluate", "--suite", tmp_path / "golden.yaml", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    found = outcome.json
    assert (found["suite"], found["questions"], found["missing"]) == ("golden.yaml", 3, 0)
    assert found.keys() >= {*DOCUMENT_MEASURES, *SPAN_MEASURES}
    assert found["slices"]["access"]["hr"]["questions"] == 2
    scores = {one["question_id"]: one["scores"] for one in site.run("evaluate", "show", "last", "--questions", "--json").json}
    assert (scores["bridge"]["mrr"], scores["bridge"]["span_recall"], scores["mai"]["mrr"]) == (1.0, 1.0, 1.0)
    assert scores["mai-as-guest"]["mrr"] == 0.0, "a guest does not see what only hr may"
    assert [one["actor"] for one in _log(site, "evaluate")] == ["anonymous", "alice", "anonymous"]
    assert _log(site, "search") == []


def test_golden_questions_are_checked_and_what_is_left_out_is_suggested(site: Site, tmp_path: Path) -> None:
    write(tmp_path / "golden.yaml", GOLDEN)
    assert site.run("questions", "check", tmp_path / "golden.yaml", "--json").json == {"questions": 3, "asked": 3, "missing": []}
    write(tmp_path / "stale.yaml", "- {question: a, id: x, sources: [gone.md], spans: [{source: bridge.md, text: made of gold}]}\n")
    checked = site.run("questions", "check", tmp_path / "stale.yaml")
    assert checked.code == 1
    assert "gone.md" in checked.out
    assert "not in the text of" in checked.out
    before = site.run("questions", "suggest", tmp_path / "golden.yaml", "--json").json
    assert [one["uri"] for one in before["documents"]] == ["ferry.txt"]
    assert before["never_found"] == site.run("status", "--json").json["stores"]["index"]
    hits = site.search("why was the iron bridge closed", "--as", "alice", "-k", "1")
    after = site.run("questions", "suggest", "--json").json
    assert after["uncovered"] == 3
    assert after["never_found"] == before["never_found"] - 1
    assert hits[0]["chunk_id"] not in {one["chunk_id"] for one in after["passages"]}
    assert "ferry.txt" in site.run("questions", "suggest").out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "evaluate: say what to measure with"),
        (("--suite", "absent"), "absent: no such folder. A suite is corpus.jsonl"),
        (("--suite", "absent.yaml"), "absent.yaml: cannot be read"),
        (("--suite", "g.yaml", "--set", "a.b=1"), "golden questions are asked of the workspace as it is"),
        (("--suite", "{suite}", "--set", "chunking.max=1"), "--set chunking.max: unknown key"),
        (("--suite", "{suite}", "--model", "no-such-model"), "no-such-model"),
    ],
)
def test_wrong_use_is_one_line(measured: tuple[Site, Outcome], suite: Path, options: tuple[str, ...], said: str) -> None:
    outcome = measured[0].run("evaluate", *(str(suite) if one == "{suite}" else one for one in options))
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
    assert "Traceback" not in outcome.err


@pytest.mark.slow
@pytest.mark.skipif(not BASE.is_dir(), reason="the public data sets are not beside this project")
def test_excerpts_are_found_at_their_offsets_in_the_suites_own_file(tmp_path: Path) -> None:
    folder = tmp_path / "speech"
    source = BASE / "chroma_chunking"
    write(folder / "corpora" / "state_of_the_union.md", (source / "corpora" / "state_of_the_union.md").read_text())
    lines = [
        line for line in (source / "questions.jsonl").read_text().splitlines() if json.loads(line)["corpus_id"] == "state_of_the_union"
    ]
    write(folder / "questions.jsonl", "\n".join(lines[:25]) + "\n")
    found = Site(tmp_path / "home" / "keep").run("evaluate", "--suite", folder, "--dense", "--json").json
    assert found.keys() >= set(SPAN_MEASURES)
    assert found["span_recall"] > 0.8
    assert 0 < found["iou"] <= found["span_precision"] < found["precision_omega"] < 1


def _log(site: Site, action: str) -> list[dict]:
    return [one["event"] for one in site.run("audit", "log", "--action", action, "--json").json]
