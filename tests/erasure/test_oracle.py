"""After erasures in any order the live set is that of a workspace that never saw what was erased. Hypothesis prints the shortest life."""

import tempfile
from pathlib import Path

import pytest
from flow_rig import Twin, inventory
from hypothesis import HealthCheck, given, settings
from oracle_world import LIVES, LiteTwin, OracleWorld

ALIKE = ("served", "gold", "manifest", "elements", "dropped", "chunks", "outputs", "blobs", "keys", "owners", "duplicates")
"""Of rows and vectors every column."""

EMPTY = ("vectors of what nobody says", "served without a vector", "orphaned vectors")


def check(steps: list[tuple], kind: type[Twin] = Twin) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        world = OracleWorld(Path(folder), kind)
        world.live(steps)
        fresh = world.fresh()
        with world.twin.open() as one, fresh.open() as other:
            lived, built = inventory(one), inventory(other)
        for name in ALIKE:
            assert lived[name] == built[name], name
        assert [name for name in EMPTY if lived[name]] == []


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIVES)
def test_after_erasures_the_live_set_is_that_of_a_fresh_build_without_the_erased(steps):
    check(steps)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIVES)
def test_so_it_is_in_more_lives(steps):
    check(steps)


@pytest.mark.slow
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIVES)
def test_so_it_is_on_milvus_lite(steps):
    check(steps, LiteTwin)


@pytest.mark.soak
@pytest.mark.timeout(0)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(LIVES)
def test_so_it_is_in_hundreds_of_lives(steps):
    check(steps)


@pytest.mark.soak
@pytest.mark.timeout(0)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
@given(LIVES)
def test_so_it_is_in_many_lives_on_milvus_lite(steps):
    check(steps, LiteTwin)
