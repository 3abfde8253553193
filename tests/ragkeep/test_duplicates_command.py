"""What people see of duplicates: clusters, the words that differ, why one was kept, a page; and what the audit knows of it."""

import shutil
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from front_door import FERRY, SETTINGS, Outcome, Site, write

WATER = (
    "The water of the upper reservoir is tested on the first Monday of every month by the keeper of the dam, who writes the result into "
    "the green book beside the gate & tells the office in the valley by telephone before noon, so that the pumps can be stopped in time."
)
LATER = WATER.replace("telephone", "<b>radio</b>")
NUMBERED = WATER + " This takes {} minutes at most."
DATED = "date: {}\n"
ARCHIVE = """\
  archive:
    path: archive
    priority: 1
    terms: {lawful_basis: not_personal, purposes: [retrieval], classification: public}
"""


@pytest.fixture(scope="module")
def doubled(ingested: tuple[Site, Outcome], tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The small workspace with near-duplicates of several kinds: by priority, by date, by a number, and of a refused document."""
    home = tmp_path_factory.mktemp("doubled") / "lived"
    shutil.copytree(ingested[0].home.parent.with_name("pristine"), home)
    site = Site(home / "keep")
    write(site.home / "ragkeep.yaml", SETTINGS.replace("readers:", f"{ARCHIVE}readers:"))
    write(site.home / "handbook" / "water.txt", WATER)
    write(site.home / "handbook" / "water.txt.meta.yaml", DATED.format("2030-02-01"))
    write(site.home / "handbook" / "water-later.txt", LATER)
    write(site.home / "handbook" / "water-later.txt.meta.yaml", DATED.format("2031-02-01"))
    write(site.home / "archive" / "water-old.txt", WATER.upper())
    write(site.home / "archive" / "timed.txt", NUMBERED.format(20))
    write(site.home / "archive" / "long.md", f"# Tests\n\n{WATER}\n\n{FERRY}\n\nPage 3 of 12, printed at the mill\n")
    write(site.home / "archive" / "page.md", "# Rules\n\nWho comes late waits for the next ferry.\n\nPage 11 of 40, printed at the mill.\n")
    write(site.home / "staff" / "ulf.txt", WATER.replace("keeper", "guard"))
    write(site.home / "staff" / "ulf.txt.meta.yaml", "subjects: [ulf@works.example]\n")
    assert site.run("ingest", "--json").code == 0
    return site


def _cluster(site: Site) -> dict[str, Any]:
    (cluster,) = site.run("duplicates", "--json").json
    assert isinstance(cluster, dict)
    return cluster


def _chunk(site: Site, place: str) -> str:
    (chunk,) = site.run("show", place, "--chunks", "--json").json
    return str(chunk["chunk_id"])


def test_a_cluster_names_what_was_kept_and_for_each_copy_why(doubled: Site) -> None:
    cluster = _cluster(doubled)
    assert cluster["kept"]["uri"] == "water.txt"
    copies = {copy["chunk"]["uri"]: copy for copy in cluster["copies"]}
    assert copies.keys() == {"water-later.txt", "water-old.txt"}
    assert copies["water-later.txt"]["why"] == "it is dated 2030-02-01, the other 2031-02-01"
    assert copies["water-old.txt"]["why"] == "source handbook has priority 0, archive has 1"
    assert copies["water-old.txt"]["jaccard"] == 1.0
    assert 0.7 <= copies["water-later.txt"]["jaccard"] < 1.0


def test_the_differing_words_are_marked_and_the_rest_is_both_texts(doubled: Site) -> None:
    pieces = next(copy for copy in _cluster(doubled)["copies"] if copy["chunk"]["uri"] == "water-later.txt")["differences"]
    assert [(piece["of"], piece["text"]) for piece in pieces if piece["of"] != "both"] == [
        ("first", "telephone"),
        ("second", "<b>radio</b>"),
    ]
    shown = doubled.run("duplicates").out
    assert "[-telephone-]" in shown
    assert "{+<b>radio</b>+}" in shown


def test_a_refused_document_is_not_shown(doubled: Site) -> None:
    assert "guard" not in doubled.run("duplicates", "--json").out
    assert "ulf.txt" not in doubled.run("duplicates").out


def test_explain_says_how_alike_two_chunks_are_and_what_follows(doubled: Site) -> None:
    first, later = _chunk(doubled, "water.txt"), _chunk(doubled, "water-later.txt")
    found = doubled.run("duplicates", "--explain", first, later, "--json").json
    assert found["verdict"] == f"{first} stands for {later}"
    assert found["jaccard"] == found["shared_shingles"] / found["all_shingles"]
    assert 0 < len(found["shared_bands"]) <= found["bands"]
    words = doubled.run("duplicates", "--explain", first, later).out
    assert "stands for" in words
    assert "[-telephone-]" in words


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ("timed.txt", "no duplicates: they differ in a number or a date (dedup.numbers_differ)"),
        ("ferry.txt", "no duplicates: 0.000 is below the threshold of 0.7"),
        ("ulf.txt", "is refused (consent.missing), and only admitted chunks are compared"),
    ],
)
def test_explain_says_why_two_chunks_are_both_there(doubled: Site, other: str, verdict: str) -> None:
    found = doubled.run("duplicates", "--explain", _chunk(doubled, "water.txt"), _chunk(doubled, other), "--json")
    assert verdict in found.json["verdict"]


class _Page(HTMLParser):
    """The words that a page shows, and all tags that it has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.said = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.said += data


def test_the_page_shows_the_texts_as_text_and_needs_nothing_from_elsewhere(doubled: Site, tmp_path: Path) -> None:
    done = doubled.run("duplicates", "--html", tmp_path / "page.html")
    assert (done.code, done.out) == (0, "")
    assert "holds the text of 3 chunks, and no erasure reaches it" in done.err
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o600
    source = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(source)
    assert "<b>radio</b>" in page.said
    assert "gate & tells" in page.said
    assert not page.tags & {"b", "script", "link", "img", "iframe"}
    assert "http" not in source
    assert "url(" not in source


def test_what_was_shown_and_what_was_written_to_a_file_is_audited(doubled: Site, tmp_path: Path) -> None:
    ids = {_document(doubled, place) for place in ("water.txt", "water-later.txt", "water-old.txt")}
    for action, arguments in (("show.duplicates", ["--json"]), ("export.duplicates", ["--html", tmp_path / "page.html"])):
        before = len(doubled.run("audit", "log", "--json").json)
        doubled.run("duplicates", *arguments)
        (event,) = (entry["event"] for entry in doubled.run("audit", "log", "--json").json[before:])
        assert (event["actor"], event["action"], set(event["objects"])) == ("operator", action, ids)


def _document(site: Site, place: str) -> str:
    return str(site.run("show", place, "--json").json["document_id"])


def test_wrong_use_says_what_to_do(doubled: Site, tmp_path: Path) -> None:
    first = _chunk(doubled, "water.txt")
    unknown = doubled.run("duplicates", "--explain", first, "nowhere")
    assert (unknown.code, "no chunk with id 'nowhere' is held" in unknown.err) == (2, True)
    inside = doubled.run("duplicates", "--html", doubled.home / "page.html")
    assert (inside.code, "is in the workspace" in inside.err) == (2, True)
    assert not (doubled.home / "page.html").exists()
    missing = doubled.run("duplicates", "--html", tmp_path / "no" / "page.html")
    assert (missing.code, "cannot be written" in missing.err) == (2, True)
    both = doubled.run("duplicates", "--html", tmp_path / "page.html", "--explain", first, first)
    assert (both.code, "choose one of" in both.err) == (2, True)


def test_limit_is_the_most_clusters_and_without_any_that_is_said(doubled: Site, kept: Site) -> None:
    assert len(doubled.run("duplicates", "-n", "1", "--json").json) == 1
    assert kept.run("duplicates", "--json").json == []
    assert "no duplicates" in kept.run("duplicates").out


def test_passages_that_many_documents_have_are_listed_whatever_numbers_they_hold(doubled: Site) -> None:
    found = doubled.run("duplicates", "--repeated", 2, "--json").json
    assert {"passage": "Page 11 of 40, printed at the mill.", "documents": 2, "times": 2, "words": 8} in found
    (water,) = (each for each in found if each["passage"].lower() == WATER.lower())
    assert water["documents"] == 3, "two as they are, one in capitals; the refused one is not counted"
    assert "printed at the mill" in doubled.run("duplicates", "--repeated", 2).out
    assert doubled.run("duplicates", "--repeated", 9, "--json").json == []


def test_a_document_that_another_holds_whole_is_listed_with_its_share(doubled: Site) -> None:
    found = {(each["inner"], each["outer"]): each["containment"] for each in doubled.run("duplicates", "--contained", 0.95, "--json").json}
    assert found[("water.txt", "long.md")] == 1.0
    assert found[("ferry.txt", "long.md")] == 1.0
    assert not any("ulf.txt" in pair for pair in found)
    assert "long.md" in doubled.run("duplicates", "--contained", 1).out
    (event,) = (entry["event"] for entry in doubled.run("audit", "log", "--action", "show.contained", "--json").json[-1:])
    assert _document(doubled, "long.md") in event["objects"]
