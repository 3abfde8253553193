"""One small workspace, ingested once by the real command line."""

import shutil
from pathlib import Path

import pytest
from front_door import BRIDGE, FERRY, MAI, ORLA, SETTINGS, Outcome, Site, write


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Outcome]:
    """The small workspace after its first ingest, and what that printed. Only to be read, which the audit in it remembers.

    What lies beside it in `pristine` is how it was before anybody read.
    """
    site = Site(tmp_path_factory.mktemp("front-door") / "lived" / "keep")
    write(site.home / "ragkeep.yaml", SETTINGS)
    write(site.home / "handbook" / "bridge.md", BRIDGE)
    write(site.home / "handbook" / "ferry.txt", FERRY)
    write(site.home / "handbook" / "torn.pdf", "%PDF-1.7 torn in the middle")
    write(site.home / "staff" / "mai.txt", MAI)
    write(site.home / "staff" / "mai.txt.meta.yaml", "subjects: [mai@works.example]\ntitle: A note about working hours\n")
    write(site.home / "staff" / "orla.txt", ORLA)
    write(site.home / "staff" / "orla.txt.meta.yaml", "subjects: [orla@works.example]\n")
    assert site.run("consent", "grant", "--subject", "mai@works.example", "--json").code == 0
    done = site.run("ingest", "--json")
    shutil.copytree(site.home.parent, site.home.parent.with_name("pristine"))
    return site, done


@pytest.fixture(scope="session")
def kept(ingested: tuple[Site, Outcome]) -> Site:
    return ingested[0]


@pytest.fixture
def site(ingested: tuple[Site, Outcome], tmp_path: Path) -> Site:
    """A copy of the small workspace as its first ingest left it, to be changed at will."""
    shutil.copytree(ingested[0].home.parent.with_name("pristine"), tmp_path / "copy")
    return Site(tmp_path / "copy" / "keep")
