"""The law that all else follows from: the index is a function of what is admitted, whatever happened on the way."""

import tempfile
from pathlib import Path

from flow_world import LIVES, World
from hypothesis import HealthCheck, given, settings


def rows_of(twin):
    return {row["chunk_id"]: row for row in twin.served()}


def check(life):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        world = World(Path(folder))
        for changes, run in life:
            for step in (*changes, run):
                world.do(step)
        world.ingest()
        fresh = world.fresh(Path(folder) / "fresh")
        lived, rebuilt = rows_of(world.twin), rows_of(fresh)
        assert lived.keys() == rebuilt.keys()
        for chunk_id, row in lived.items():
            assert row == rebuilt[chunk_id]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIVES)
def test_whatever_happened_the_index_is_what_a_fresh_build_from_the_same_inputs_gives(life):
    check(life)
