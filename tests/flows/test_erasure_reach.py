"""An erasure looks only at what it touches, and that gives what a look at everything would."""

import tempfile
from pathlib import Path
from unittest import mock

import pytest
from flow_rig import PARAGRAPHS, SILENCE, Twin
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.decide import decide, write_gold
from flows.erase import Selector, erase
from flows.scope import EVERYTHING, touched_by
from flows.synchronise import synchronise
from ledger import duplicate_members

TEXTS = st.lists(st.integers(0, len(PARAGRAPHS) - 1), min_size=1, max_size=3)
TERMS = st.sampled_from([{}, {"groups": ["hr"]}, {"classification": "internal"}, {"date": "2024-03-01"}, {"expires_at": "2027-01-20"}])
CORPORA = st.lists(st.tuples(TEXTS, st.integers(0, 2), TERMS), min_size=2, max_size=9)


def content(picks: list[int], twist: int) -> bytes:
    """Paragraphs, each near to itself in another twist and not always the same."""
    return "\n\n".join(f"{PARAGRAPHS[pick]}{' once more' * twist}" for pick in picks).encode()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CORPORA, st.lists(st.integers(0, 8), min_size=1, max_size=4), st.sampled_from((1, 100)))
def test_after_any_erasures_a_run_over_everything_finds_nothing_to_do(corpus, erased, crowd):
    """Also where any two texts that have a band in common are a crowd, whose pairs are found only when they are needed."""
    with (
        mock.patch.object(duplicate_members, "_CROWD", crowd),
        tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder,
    ):
        twin = Twin(Path(folder) / "ws")
        twin.files["open"] = {f"{place}.txt": content(picks, twist) for place, (picks, twist, _) in enumerate(corpus)}
        twin.terms["open"] = {f"{place}.txt": terms for place, (_, _, terms) in enumerate(corpus)}
        twin.ingest("open")
        for place in dict.fromkeys(number % len(corpus) for number in erased):
            if f"{place}.txt" in {row["uri"] for row in twin.served()}:
                twin.run(erase, Selector("uri", f"{place}.txt"))
        with twin.open() as workspace:
            decision = decide(workspace, now=twin.now)
            assert write_gold(workspace, decision) == 0
            applied = synchronise(workspace, "0" * 16, now=twin.now, progress=SILENCE).applied
        assert (applied.upserted, applied.deleted) == (0, 0)


@pytest.fixture
def two(twin):
    """Two documents that say the same, and one that says something else."""
    twin.files["open"] = {name: content(picks, 0) for name, picks in (("a.txt", [0]), ("b.txt", [0, 1]), ("c.txt", [2]))}
    twin.ingest("open")
    return twin


def test_what_says_something_else_is_not_looked_at(two):
    with two.open() as workspace:
        name = {uri: workspace.identity.document("open", uri) for uri in two.files["open"]}
        assert touched_by(workspace, [name["a.txt"]]).documents == {name["a.txt"], name["b.txt"]}
        assert touched_by(workspace, [name["c.txt"]]).documents == {name["c.txt"]}


def test_a_duplicate_index_that_was_lost_is_a_reason_to_look_at_everything(two):
    (two.root / "duplicates.sqlite").unlink()
    with two.open() as workspace:
        assert touched_by(workspace, [workspace.identity.document("open", "a.txt")]) == EVERYTHING


def test_an_index_that_was_changed_behind_our_back_is_a_reason_to_look_at_everything(two):
    lost = next(row["chunk_id"] for row in two.served() if row["uri"] == "c.txt")
    two.index.delete([lost])
    two.run(erase, Selector("uri", "a.txt"))
    assert {row["uri"] for row in two.served()} == {"b.txt", "c.txt"}
