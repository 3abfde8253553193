"""The law that all else follows from: the index is a function of what is admitted, whatever happened on the way."""

import tempfile
from pathlib import Path

import pytest
from flow_rig import inventory
from flow_world import LIVES, World
from hypothesis import HealthCheck, given, settings

ALIKE = ("served", "gold", "manifest", "elements", "dropped", "chunks", "quarantine", "outputs", "withheld", "blobs", "keys", "owners")
"""All that is a function of the inputs."""

EMPTY = ("vectors of what nobody says", "served without a vector", "orphaned vectors")


def without(documents, rows):
    """What is held of other documents. One whose terms cannot be read is not served and not prepared: it stands as it was before."""
    named = [row["document_id"] if isinstance(row, dict) else row[0] if isinstance(row, tuple) else row.partition("-")[0] for row in rows]
    return [row for row, document_id in zip(rows, named, strict=True) if document_id not in documents]


def check(life):
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        world = World(Path(folder))
        world.begin()
        for changes, run in life:
            for step in (*changes, run):
                world.do(step)
        world.ingest()
        fresh = world.fresh(Path(folder) / "fresh")
        with world.twin.open() as one, fresh.open() as other:
            lived, rebuilt = inventory(one), inventory(other)
        unreadable = {row["document_id"] for row in lived["manifest"] if row["terms_problem"]}
        for name in ALIKE:
            assert without(unreadable, lived[name]) == without(unreadable, rebuilt[name]), name
        if not unreadable:
            assert lived["duplicates"] == rebuilt["duplicates"]
        assert [name for name in EMPTY if lived[name]] == []
        again = world.ingest()
        assert (again.embedded, again.upserted, again.deleted) == (0, 0, 0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIVES)
def test_whatever_happened_every_store_holds_what_a_fresh_build_from_the_same_inputs_gives(life):
    check(life)


@pytest.mark.soak
@pytest.mark.timeout(0)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LIVES)
def test_whatever_else_happened_every_store_still_holds_that(life):
    check(life)
