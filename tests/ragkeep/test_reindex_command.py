"""Another model from the command line: tried, compared, put in place, and written into the settings."""

from pathlib import Path

import pytest
from front_door import SETTINGS, Site, write

from configs.load import load_settings

GOLDEN = """\
- {question: why was the iron bridge closed, id: bridge, sources: [bridge.md]}
- {question: does the ferry take bicycles, id: ferry, sources: [ferry.txt]}
"""
OTHER = ("--set", "model.dtype=bfloat16")
COMMENT = "# Nobody changes this without a word to Ann.\n"


@pytest.fixture
def commented(site: Site) -> Site:
    write(site.home / "ragkeep.yaml", COMMENT + SETTINGS)
    return site


def test_another_model_takes_over_once_it_passes_and_the_settings_name_it(commented: Site, tmp_path: Path) -> None:
    site = commented
    write(tmp_path / "golden.yaml", GOLDEN)
    before = site.search("why was the bridge closed")
    outcome = site.run("reindex", *OTHER, "--questions", tmp_path / "golden.yaml", "--json")
    assert outcome.code == 0
    done = outcome.json
    assert done["moved"]
    assert done["model_after"] != done["model_before"]
    assert done["applied"]["embedded"] == done["rows"]
    assert done["compared"]["found_before"] == done["compared"]["found_after"] == 1
    assert [verdict["passed"] for verdict in done["verdicts"]] == [True]
    text = (site.home / "ragkeep.yaml").read_text()
    assert text.startswith(COMMENT + SETTINGS)
    assert load_settings(site.home / "ragkeep.yaml").model.dtype == "bfloat16"
    assert [hit["uri"] for hit in site.search("why was the bridge closed")] == [hit["uri"] for hit in before]
    known = site.run("models", "--json").json
    assert [(one["identity"]["dtype"], one["serves"].partition(" ")[0]) for one in known] == [("float32", "kept"), ("bfloat16", "answers")]
    assert all((one["measured"][0]["suite"], one["measured"][0]["means"]["ndcg@10"]) == ("golden.yaml", 1) for one in known)
    assert known[0]["licence"] == "apache-2.0"
    assert site.run("ingest", "--json").json["embedded"] == 0


def test_a_dry_run_says_what_would_be_embedded_and_changes_nothing(site: Site) -> None:
    before = site.files()
    planned = site.run("reindex", *OTHER, "--dry-run", "--json").json
    rows = site.run("status", "--json").json["stores"]["index"]
    assert (planned["documents"], planned["upserts"], planned["embeds"]) == ([], rows, rows)
    assert site.files() == before


def test_what_is_refused_exits_with_1_and_leaves_index_and_settings_as_they_were(commented: Site, tmp_path: Path) -> None:
    site = commented
    write(tmp_path / "golden.yaml", GOLDEN)
    never = "evaluation: {gates: [{suite: golden.yaml, metric: no-such-measure}]}\n"
    text = write(site.home / "ragkeep.yaml", COMMENT + SETTINGS + never).read_text()
    outcome = site.run("reindex", *OTHER, "--questions", tmp_path / "golden.yaml")
    assert outcome.code == 1
    why = "no-such-measure was not measured by both runs; run the evaluation again"
    assert f"FAILED: {why}" in outcome.out
    assert f"The old index goes on answering: golden.yaml: {why}. What was built is kept." in outcome.out
    assert (site.home / "ragkeep.yaml").read_text() == text
    assert site.search("why was the bridge closed")[0]["uri"] == "bridge.md"


def test_a_changed_line_of_the_settings_goes_live_with_no_ingest_that_its_gate_refuses(commented: Site) -> None:
    site = commented
    write(site.home / "golden.yaml", GOLDEN)
    write(site.home / "handbook" / "tram.txt", "The tram to the harbour runs all night on the first of May.")
    gated = "evaluation: {questions: [golden.yaml], gates: [{suite: golden.yaml, metric: no-such-measure}]}\n"
    write(site.home / "ragkeep.yaml", COMMENT + SETTINGS + gated + "model: {dtype: bfloat16}\n")
    assert site.run("status", "--json").json["model"]["refused"] == ""
    assert "the next ingest builds it beside and judges it" in " ".join(site.run("status").out.split())
    done = site.run("ingest", "--strict")
    said = " ".join(done.out.split())
    assert done.code == 1
    assert "What the settings name does not answer: golden.yaml: no-such-measure was not measured by both runs" in said
    assert "Put the old settings back, or try again with: ragkeep reindex" in said
    assert site.search("does the tram run all night")[0]["uri"] == "tram.txt"
    again = site.run("ingest", "--json")
    assert (again.code, again.json["embedded"]) == (0, 0)
    assert again.json["refused"].startswith("golden.yaml: no-such-measure")
    model = site.run("status", "--json").json["model"]
    assert model["refused"] == again.json["refused"]
    assert model["answers"] != model["stated"]
    assert "since 20" in site.run("status").out
    (finding,) = [each for each in site.run("doctor", "--json").json if each["about"] == "answers"]
    assert (finding["state"], "is refused since" in finding["found"]) == ("warning", True)
    known = site.run("models", "--json").json
    assert [(one["serves"].partition(" ")[0], len(one["refused"]), len(one["measured"])) for one in known] == [
        ("answers", 0, 1),
        ("not", 1, 1),
    ]
    assert "no-such-measure" in site.run("models").out
    write(site.home / "ragkeep.yaml", COMMENT + SETTINGS)
    assert site.run("ingest", "--json").json["refused"] == ""
    assert site.run("status", "--json").json["model"]["refused"] == ""


def test_a_setting_that_the_environment_says_is_not_written_where_it_would_not_count(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGKEEP_MODEL__DTYPE", "float32")
    outcome = site.run("reindex", *OTHER)
    assert (outcome.code, outcome.out) == (2, "")
    assert "RAGKEEP_MODEL__DTYPE is set and wins over ragkeep.yaml" in outcome.err
