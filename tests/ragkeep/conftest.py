"""One small workspace, ingested once by the real command line."""

import shutil
from pathlib import Path

import pytest
from front_door import BRIDGE, FERRY, MAI, ORLA, SETTINGS, Outcome, Site, write


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Outcome]:
    """The small workspace as its first ingest left it, and what that printed. Not to be changed: `site` is a copy that may be."""
    site = Site(tmp_path_factory.mktemp("front-door") / "keep")
    write(site.home / "ragkeep.yaml", SETTINGS)
    write(site.home / "handbook" / "bridge.md", BRIDGE)
    write(site.home / "handbook" / "ferry.txt", FERRY)
    write(site.home / "handbook" / "torn.pdf", "%PDF-1.7 torn in the middle")
    write(site.home / "staff" / "mai.txt", MAI)
    write(site.home / "staff" / "mai.txt.meta.yaml", "subjects: [mai@works.example]\ntitle: A note about working hours\n")
    write(site.home / "staff" / "orla.txt", ORLA)
    write(site.home / "staff" / "orla.txt.meta.yaml", "subjects: [orla@works.example]\n")
    assert site.run("consent", "grant", "--subject", "mai@works.example", "--json").code == 0
    return site, site.run("ingest", "--json")


@pytest.fixture(scope="session")
def kept(ingested: tuple[Site, Outcome]) -> Site:
    return ingested[0]


@pytest.fixture
def site(ingested: tuple[Site, Outcome], tmp_path: Path) -> Site:
    """A copy of the small workspace, to be changed at will."""
    shutil.copytree(ingested[0].home.parent, tmp_path / "copy")
    return Site(tmp_path / "copy" / "keep")
