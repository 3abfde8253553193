"""What notebooks, schedulers and checks rely on: the keys of the JSON, and what each command leaves alone."""

import re
from pathlib import Path

import pytest
from front_door import MAI, Outcome, Site, write

DOCUMENT_COUNTS = {"seen", "added", "changed", "removed", "unchanged", "quarantined", "withheld"}
CHUNK_COUNTS = {"produced", "redundant", "refused", "wanted"}
INGESTED = {"documents", "chunks", "embedded", "cache_hits", "upserted", "deleted", "tokens", "seconds", "price", "refused", "run_id"}
HIT = {
    *("chunk_id", "document_id", "uri", "text", "score", "page_start", "page_end", "char_start", "char_end", "heading_path", "source_id"),
}
BRIDGE_QUESTION = "why was the iron bridge closed"
MAI_QUESTION = "who works from the branch office on Tuesdays"


def test_ingest_prints_one_object_with_exactly_the_promised_keys(ingested: tuple[Site, Outcome]) -> None:
    _, first = ingested
    assert (first.code, first.err) == (0, "")
    assert first.out.count("\n") == 1
    assert first.json.keys() == INGESTED
    assert first.json["documents"].keys() == DOCUMENT_COUNTS
    assert first.json["chunks"].keys() == CHUNK_COUNTS


def test_each_document_is_counted_in_exactly_one_state(ingested: tuple[Site, Outcome]) -> None:
    documents = ingested[1].json["documents"]
    assert documents == {"seen": 5, "added": 4, "changed": 0, "removed": 0, "unchanged": 0, "quarantined": 1, "withheld": 0}
    chunks = ingested[1].json["chunks"]
    assert chunks["produced"] == chunks["redundant"] + chunks["refused"] + chunks["wanted"]
    assert chunks["refused"] >= 1, "nobody asked Orla"


def test_a_second_ingest_does_nothing_and_says_so(site: Site) -> None:
    again = site.run("ingest", "--json").json
    assert (again["embedded"], again["upserted"], again["deleted"]) == (0, 0, 0)
    assert again["documents"]["unchanged"] == 4


def test_a_moved_workspace_finds_its_sources_beside_it(site: Site) -> None:
    write(site.home / "handbook" / "ferry.txt", "The ferry to the island no longer leaves: its pier was washed away by the storm in May.")
    changed = site.run("ingest", "handbook", "--json").json
    assert changed["documents"]["changed"] == 1
    assert "washed away" in site.search("does the ferry leave")[0]["text"]


def test_hits_have_the_promised_keys_and_quote_the_text_that_show_gives(kept: Site) -> None:
    hits = kept.search(BRIDGE_QUESTION, "--as", "alice", "-k", "10")
    assert hits
    for hit in hits:
        assert hit.keys() >= HIT
        text = kept.run("show", hit["uri"], "--text", "--json").json["text"]
        assert text[hit["char_start"] : hit["char_end"]] == hit["text"]
        assert kept.run("show", hit["document_id"], "--text").out == text + "\n"
    assert hits == sorted(hits, key=lambda hit: -hit["score"])


def test_limit_is_the_most_that_comes_back(kept: Site) -> None:
    assert len(kept.search(BRIDGE_QUESTION, "-k", "1")) == 1


def test_a_hit_is_seen_only_by_a_reader_of_its_group(kept: Site) -> None:
    assert any("Mai" in hit["text"] for hit in kept.search(MAI_QUESTION, "--as", "alice"))
    for options in ((), ("--as", "guest")):
        assert not any("Mai" in hit["text"] for hit in kept.search(MAI_QUESTION, *options))


def test_show_gives_elements_and_chunks_as_lists_that_belong_to_the_document(kept: Site) -> None:
    document = kept.run("show", "bridge.md", "--json").json
    elements = kept.run("show", "bridge.md", "--elements", "--json").json
    chunks = kept.run("show", "bridge.md", "--chunks", "--json").json
    assert (len(elements), len(chunks)) == (document["elements"], document["chunks"])
    assert {row["document_id"] for row in elements + chunks} == {document["document_id"]}
    assert {chunk["state"] for chunk in chunks} == {"wanted"}
    assert [chunk["ordinal"] for chunk in chunks] == sorted(chunk["ordinal"] for chunk in chunks)


def test_show_says_why_a_document_is_refused_or_in_quarantine(kept: Site) -> None:
    refused = kept.run("show", "orla.txt", "--json").json
    assert refused["index_rows"] == 0
    assert "consent" in refused["refused"][0]["rule"]
    torn = kept.run("show", "torn.pdf", "--json").json
    assert torn["quarantine"].keys() == {"rule", "detail", "remedy"}


def test_show_takes_one_view_at_a_time(kept: Site) -> None:
    outcome = kept.run("show", "bridge.md", "--text", "--chunks")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "ragkeep: show: choose one of --text, --elements and --chunks\n"


def test_trace_walks_from_a_hit_to_its_file_run_settings_and_model(kept: Site, ingested: tuple[Site, Outcome]) -> None:
    hit = kept.search(BRIDGE_QUESTION)[0]
    trace = kept.run("trace", hit["chunk_id"], "--json").json
    for name in ("uri", "source_id", "document_id", "version_id", "char_start", "char_end", "page_start", "heading_path"):
        assert trace[name] == hit[name]
    assert trace["run"]["run_id"] == ingested[1].json["run_id"]
    assert trace["run"]["flow"] == "ingest"
    assert re.fullmatch("[0-9a-f]{64}", trace["model"]["weights_sha256"])
    assert trace["chunking"]["settings"]["min_tokens"] == 24


def test_status_counts_every_layer_and_store(kept: Site, ingested: tuple[Site, Outcome]) -> None:
    status = kept.run("status", "--json").json
    chunks = ingested[1].json["chunks"]
    assert status["layers"]["lake/silver/chunks"] == chunks["produced"]
    assert status["layers"]["lake/gold/rows"] == status["stores"]["index"] == status["stores"]["present"] == chunks["wanted"]
    assert status["documents"] == {"handbook": 3, "staff": 2}
    assert status["runs"][0]["outcome"] == "done"


def test_status_lists_the_quarantine_with_what_to_do(kept: Site) -> None:
    (entry,) = kept.run("status", "--quarantined", "--json").json
    assert entry["uri"] == "torn.pdf"
    assert all(entry[name] for name in ("rule", "detail", "remedy"))
    assert "torn.pdf" in kept.run("status", "--quarantined").out


def test_plan_says_what_would_be_done_and_why_and_writes_nothing(site: Site) -> None:
    write(site.home / "handbook" / "tram.txt", "The tram to the harbour runs all night on the first of May.")
    (site.home / "handbook" / "ferry.txt").unlink()
    before = site.files()
    plan = site.run("plan", "--json").json
    assert site.files() == before
    assert plan.keys() == {"documents", "upserts", "deletes", "embeds", "cost", "reasons"}
    assert {(step["action"], step["uri"]) for step in plan["documents"]} == {("read", "tram.txt"), ("remove", "ferry.txt")}


def test_plan_of_a_path_that_was_never_ingested_writes_nothing(site: Site, tmp_path: Path) -> None:
    write(tmp_path / "new" / "tram.txt", "The tram to the harbour runs all night.")
    before = site.files()
    plan = site.run("plan", tmp_path / "new", "--json").json
    assert site.files() == before
    assert [(step["action"], step["uri"]) for step in plan["documents"]] == [("read", "tram.txt")]


@pytest.mark.parametrize("command", [("status",), ("plan",), ("consent", "purposes")])
def test_commands_that_only_count_change_nothing(site: Site, command: tuple[str, ...]) -> None:
    before = site.files()
    assert site.run(*command, "--json").code == 0
    assert site.files() == before


AUDITED = {"ledger.sqlite", "keys.sqlite", "audit.jsonl"}


def changed(site: Site, before: dict[str, bytes]) -> set[str]:
    """Which databases and logs differ; a file that is neither by its own name."""
    names = {name for name, content in site.files().items() if before.get(name) != content}
    return {next((known for known in AUDITED if known in name), name) for name in names}


SHOWING = {
    "show.document": ("show", "bridge.md"),
    "show.chunks": ("show", "bridge.md", "--chunks"),
    "show.text": ("show", "bridge.md", "--text"),
    "show.elements": ("show", "bridge.md", "--elements"),
    "show.quarantine": ("status", "--quarantined"),
    "search": ("search", "bridge"),
    "erase.previewed": ("erase", "--subject", "mai@works.example"),
    "consent.shown": ("consent", "show", "mai@works.example"),
    "consent.exported": ("consent", "export"),
    "removals.approved": ("approve", "handbook"),
}
"""What is shown or allowed, by the event that says so."""


@pytest.mark.parametrize("action", SHOWING)
def test_commands_that_show_content_write_to_the_audit_and_nowhere_else(site: Site, action: str) -> None:
    command = SHOWING[action]
    before = site.files()
    events = len(site.run("audit", "log", "--json").json)
    assert site.run(*command, "--json").code == 0
    assert changed(site, before) <= AUDITED
    (event,) = site.run("audit", "log", "--json").json[events:]
    assert event["event"]["action"] == action


def test_a_withdrawal_holds_in_the_very_next_search_and_empties_the_index_in_the_next_run(site: Site) -> None:
    withdrawn = site.run("consent", "withdraw", "--subject", "mai@works.example", "--json").json
    assert withdrawn.keys() == {"receipt_id", "state", "purpose", "purpose_iri", "known_purpose", "at"}
    assert not any("Mai" in hit["text"] for hit in site.search(MAI_QUESTION, "--as", "alice", "-k", "50"))
    done = site.run("ingest", "--json").json
    assert (done["deleted"], done["embedded"]) == (1, 0)
    site.run("consent", "grant", "--subject", "Mai@Works.example ")
    back = site.run("ingest", "--json").json
    assert (back["upserted"], back["embedded"]) == (1, 0), "a flip of consent embeds nothing"


def test_a_grant_is_needed_once_and_shown_with_its_history(site: Site) -> None:
    site.run("consent", "withdraw", "--subject", "mai@works.example", "--evidence", "letter 7")
    shown = site.run("consent", "show", "mai@works.example", "--json").json
    assert [receipt["state"] for receipt in shown["receipts"]] == ["granted", "withdrawn"]
    assert shown["states"] == [{"purpose": "retrieval", "source": "", "state": "withdrawn"}]
    assert "letter 7" not in str(shown)
    before = site.run("consent", "show", "mai@works.example", "--as-of", shown["receipts"][0]["at"], "--json").json
    assert ([state["state"] for state in before["states"]], len(before["receipts"])) == (["granted"], 1)
    assert site.run("consent", "show", "nobody@works.example", "--json").json["receipts"] == []


def test_decisions_are_imported_once_however_often_the_file_comes(site: Site, tmp_path: Path) -> None:
    file = write(tmp_path / "decisions.csv", "subject,purpose,state,at\norla@works.example,retrieval,granted,2026-02-01\n")
    assert site.run("consent", "import", file, "--json").json == {"recorded": 1, "known": 0, "own_purposes": []}
    assert site.run("consent", "import", file, "--json").json == {"recorded": 0, "known": 1, "own_purposes": []}
    assert site.run("ingest", "--json").json["upserted"] == 1
    assert any("Orla" in hit["text"] for hit in site.search("who finished the course on lifting gear", "--as", "alice"))


def test_a_file_with_one_wrong_line_records_nothing(site: Site, tmp_path: Path) -> None:
    file = write(tmp_path / "decisions.csv", "subject,purpose,state\norla@works.example,retrieval,granted\nmai@works.example,,granted\n")
    outcome = site.run("consent", "import", file)
    assert (outcome.code, outcome.out) == (2, "")
    assert "line 3: purpose is missing. Nothing of the file was recorded" in outcome.err
    assert site.run("consent", "show", "orla@works.example", "--json").json["receipts"] == []


def test_an_erasure_without_yes_only_lists_what_would_go(site: Site) -> None:
    before = site.files()
    would = site.run("erase", "--subject", "mai@works.example", "--json").json
    assert changed(site, before) <= AUDITED
    assert would["dry_run"] is True
    assert len(would["documents"]) == 1
    shown = site.run("erase", "--subject", "mai@works.example")
    assert "Nothing was erased" in shown.out


def test_after_an_erasure_a_search_finds_nothing_and_says_why(site: Site) -> None:
    erased = site.run("erase", "--subject", "mai@works.example", "--yes", "--json").json
    assert (erased["state"], erased["documents"], erased["purge"]) == ("deleted", 1, "pending")
    assert all(copy["after"] == 0 for copy in erased["copies"])
    nothing = site.run("search", MAI_QUESTION, "--as", "staff-only", "--json")
    assert nothing.code == 2
    found = site.run("search", MAI_QUESTION, "--as", "alice", "--json", "-k", "50")
    assert not any("Mai" in hit["text"] for hit in found.json)
    assert site.run("ingest", "--json").json["upserted"] == 0, "it is still in its folder, and stays out"
    assert site.run("show", "mai.txt", "--json").code == 2


def test_when_everything_is_erased_a_search_says_that_the_index_is_empty(site: Site) -> None:
    for name in ("handbook", "staff"):
        assert site.run("erase", "--source", name, "--yes").code == 0
    outcome = site.run("search", BRIDGE_QUESTION, "--json")
    assert (outcome.code, outcome.json) == (0, [])
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ((), "name exactly one of --subject, --document, --uri, --source, --query and --expired"),
        (("--uri", "bridge.md", "--source", "staff"), "name exactly one of"),
        (("--uri", "nowhere.md", "--yes"), "no document with uri 'nowhere.md' is held"),
        (("--source", "nowhere", "--yes"), "no document with source 'nowhere' is held"),
    ],
)
def test_an_erasure_of_nothing_known_is_refused(kept: Site, selector: tuple[str, ...], message: str) -> None:
    outcome = kept.run("erase", *selector)
    assert (outcome.code, outcome.out) == (2, "")
    assert message in outcome.err


def test_reconcile_finds_a_sound_store_sound(site: Site) -> None:
    found = site.run("reconcile", "--json").json
    assert (found["missing"], found["zombies"], found["altered"]) == (0, 0, 0)
    assert "The store holds what it should." in site.run("reconcile").out


def test_the_settings_of_the_reader_decide_not_the_one_who_asks(kept: Site) -> None:
    outcome = kept.run("search", MAI_QUESTION, "--as", "mallory")
    assert (outcome.code, outcome.out) == (2, "")
    assert "no reader is called 'mallory'; ragkeep.yaml knows: alice, guest" in outcome.err


def test_tables_hold_every_letter_of_what_they_show(kept: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    for command in (
        ("status",),
        ("show", "mai.txt"),
        ("show", "mai.txt", "--chunks"),
        ("plan",),
        ("trace", kept.search("bridge")[0]["chunk_id"]),
    ):
        outcome = kept.run(*command)
        assert (outcome.code, outcome.err) == (0, "")
    letters = re.sub(r"\s", "", kept.run("show", "mai.txt", "--elements").out)
    assert sorted(set(re.sub(r"\s", "", MAI))) == sorted(set(letters) & set(MAI))


def test_a_search_without_words_says_so_beside_its_hits(kept: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a Milvus server before 2.5: what is printed is the same, and why it may be poorer goes where people look."""
    monkeypatch.setattr("vectorstore.milvus.MilvusStore.knows_words", lambda _: False)
    answer = kept.run("search", BRIDGE_QUESTION, "--json")
    assert answer.code == 0
    assert "girders" in answer.json[0]["text"]
    assert "cannot search by words" in answer.err
    monkeypatch.undo()
    assert kept.run("search", BRIDGE_QUESTION, "--json").err == ""
