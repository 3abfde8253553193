"""`ragkeep ingest PATH`: a folder or a file that nobody configured, with open terms, said so."""

from pathlib import Path

import pytest
from front_door import BRIDGE, FERRY, MAI, Site, write


@pytest.fixture
def bare(tmp_path: Path) -> Site:
    """A workspace that is not there yet, without settings."""
    return Site(tmp_path / "bare")


def test_a_folder_without_configuration_is_ingested_and_its_open_terms_are_said_in_one_line(bare: Site, tmp_path: Path) -> None:
    write(tmp_path / "docs" / "ferry.txt", FERRY)
    write(tmp_path / "docs" / "mai.txt", MAI)
    write(tmp_path / "docs" / "mai.txt.meta.yaml", "lawful_basis: consent\nsubjects: mai@works.example\n")
    outcome = bare.run("ingest", tmp_path / "docs", "--json")
    assert outcome.code == 0
    assert outcome.json["documents"]["added"] == 2
    assert outcome.json["chunks"] == {"produced": 2, "redundant": 0, "refused": 1, "wanted": 1}, "the sidecar asks for consent"
    assert len(outcome.err.splitlines()) == 1
    assert "open terms (public, not personal, for retrieval)" in outcome.err
    assert bare.search("when does the ferry leave")[0]["uri"] == "ferry.txt"
    again = bare.run("ingest", "--json")
    assert (again.json["documents"]["unchanged"], again.err) == (2, ""), "the folder is remembered"


def test_a_file_by_its_path_is_ingested_alone_whatever_its_name_looks_like(bare: Site, tmp_path: Path) -> None:
    name = "report [2031] *final*, 50%25 né.txt"
    write(tmp_path / "docs" / name, FERRY)
    write(tmp_path / "docs" / f"{name}.meta.yaml", "title: The ferry\n")
    write(tmp_path / "docs" / "report 2 xfinalx, 50%25 né.txt", "A file that the name as a pattern would match.")
    write(tmp_path / "docs" / "deeper" / name, "A file of the same name, one folder down.")
    outcome = bare.run("ingest", tmp_path / "docs" / name, "--json")
    assert outcome.json["documents"]["seen"] == outcome.json["documents"]["added"] == 1
    (hit,) = bare.search("when does the ferry leave")
    assert (hit["text"], hit["title"]) == (FERRY, "The ferry")


@pytest.mark.parametrize("inside", ["handbook", "handbook/bridge.md", ""])
def test_a_path_that_overlaps_a_configured_source_is_refused_with_advice(site: Site, inside: str) -> None:
    before = site.files()
    if inside == "handbook":
        write(site.home / "handbook" / "deeper" / "a.txt", "a")
        inside = "handbook/deeper"
        before = site.files()
    outcome = site.run("ingest", site.home / inside, "--json")
    assert (outcome.code, outcome.out) == (2, "")
    assert "whose terms would be lost. Run: ragkeep ingest handbook" in outcome.err
    assert site.files() == before


def test_the_folder_of_a_configured_source_means_that_source(site: Site) -> None:
    outcome = site.run("ingest", site.home / "handbook", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json["documents"]["seen"] == 3


def test_a_workspace_inside_the_folder_that_it_keeps_is_never_ingested_nor_is_its_key(tmp_path: Path) -> None:
    visible = Site(tmp_path / "keep")
    write(tmp_path / "bridge.md", BRIDGE)
    for _ in range(2):
        outcome = visible.run("ingest", tmp_path, "--json")
        assert (outcome.json["documents"]["seen"], outcome.json["documents"]["quarantined"]) == (1, 0)
    assert (tmp_path / "keep.key").exists()
    assert visible.run("plan", tmp_path, "--json").json["documents"] == []


def test_a_workspace_is_no_source(tmp_path: Path) -> None:
    write(tmp_path / "keep" / "bridge.md", BRIDGE)
    outcome = Site(tmp_path / "keep").run("ingest", tmp_path / "keep")
    assert (outcome.code, outcome.out) == (2, "")
    assert "is the workspace itself. Keep documents in a folder of their own" in outcome.err
