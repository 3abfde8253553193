import random
from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import DedupSettings
from contracts.errors import UsageError
from dedup.find import find_near_duplicates
from dedup.shingle import shingle
from dedup.sketch import sketch_fingerprint
from dedup.verify import candidates, verify

LOOSE = DedupSettings(threshold=0.5, shingle_words=2, bands=60, rows=1)
WORDS = ["lease", "tenant", "ends", "notice", "rent", "owner", "keys", "garden"]


def test_the_pair_that_a_person_would_name_is_found() -> None:
    lease = "The tenant shall give notice in writing before the lease ends and shall return all keys to the owner of the house"
    frame = pl.DataFrame({"id": ["a", "b", "c"], "text": [lease, lease.replace("house", "home"), "Bees keep warm by shivering in winter."]})
    (pair,) = find_near_duplicates(frame).rows(named=True)
    assert (pair["a"], pair["b"], pair["same_numbers"]) == ("a", "b", True)
    assert pair["jaccard"] == 17 / 19


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join), max_size=10))
@settings(deadline=None, max_examples=60)
def test_what_is_found_is_what_comparing_every_pair_finds(texts: list[str]) -> None:
    """With bands of one row, 60 of them, no pair at 0.5 or above can slip through but by a chance of 1 in 10^18."""
    frame = pl.DataFrame({"id": range(len(texts)), "text": texts}, schema={"id": pl.Int64, "text": pl.String})
    sets = [set(found) for found in shingle(frame["text"], 2)]
    every = {(a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in combinations(range(len(sets)), 2) if sets[a] | sets[b]}
    found = {(a, b): jaccard for a, b, jaccard, _ in find_near_duplicates(frame, LOOSE).iter_rows()}
    assert found == {pair: jaccard for pair, jaccard in every.items() if jaccard >= 0.5}


def test_pairs_that_differ_in_a_number_are_found_only_if_that_is_asked_for() -> None:
    text = "the tenant shall pay the rent of {} dollars to the owner before the end of every month of the lease without any delay"
    frame = pl.DataFrame({"id": [1, 2], "text": [text.format(900), text.format(950)]})
    how = DedupSettings(threshold=0.5, bands=60, rows=1)
    assert find_near_duplicates(frame, how).is_empty()
    assert find_near_duplicates(frame, how.model_copy(update={"numbers_differ": False}))["same_numbers"].to_list() == [False]


def test_recall_at_the_defaults_is_what_the_bands_promise() -> None:
    generator = random.Random(11)
    texts = []
    for _ in range(150):
        words = ["".join(generator.choices("abcdefgh", k=6)) for _ in range(150)]
        edited = list(words)
        edited[generator.randrange(150)] = "edited"
        edited[generator.randrange(150)] = "changed"
        texts += [" ".join(words), " ".join(edited)]
    found = find_near_duplicates(pl.DataFrame({"id": range(300), "text": texts}))
    assert found.height == 150
    assert all(b == a + 1 for a, b in found.select("a", "b").iter_rows())


def test_a_crowded_band_gives_each_pair_once_in_blocks_that_stay_small() -> None:
    members = 1_200
    crowd = pl.DataFrame({"member": [*range(members)] * 2, "band": [1] * members + [2] * members})
    blocks = list(candidates(crowd))
    pairs = pl.concat(blocks)
    assert len(blocks) > 1
    assert pairs.height == pairs.n_unique() == members * (members - 1) // 2
    assert (pairs["b"] < pairs["a"]).all()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), max_size=40, unique=True), st.integers(0, 10))
@settings(deadline=None, max_examples=60)
def test_a_pair_is_a_candidate_exactly_where_a_band_is_shared(bands: list[tuple[int, int]], since: int) -> None:
    of = {member: {band for one, band in bands if one == member} for member, _ in bands}
    blocks = candidates(pl.DataFrame(bands, {"member": pl.Int64, "band": pl.Int64}, orient="row"), since=since)
    assert [pair for block in blocks for pair in block.rows()] == [
        (a, b) for a in sorted(of) if a >= since for b in sorted(of) if b < a and of[a] & of[b]
    ]


@given(st.lists(st.sets(st.integers(0, 5_000), min_size=1, max_size=60), min_size=2, max_size=8), st.sampled_from([0.1, 0.5, 0.7, 1.0]))
@settings(deadline=None, max_examples=60)
def test_no_true_pair_falls_to_the_bound(sets: list[set[int]], threshold: float) -> None:
    """Values that meet modulo the width of the bitmap are among them."""
    table = {"member": range(len(sets)), "number_key": [0] * len(sets), "shingles": [sorted(values) for values in sets]}
    texts = pl.DataFrame(table, {"member": pl.Int64, "number_key": pl.Int64, "shingles": pl.List(pl.UInt64)})
    pairs = pl.DataFrame([(a, b) for a in range(len(sets)) for b in range(a)], {"a": pl.Int64, "b": pl.Int64}, orient="row")
    every = {(a, b): len(sets[a] & sets[b]) / len(sets[a] | sets[b]) for a, b in pairs.iter_rows()}
    found = {(a, b): jaccard for a, b, jaccard, _ in verify(pairs, texts, threshold).iter_rows()}
    assert found == {pair: jaccard for pair, jaccard in every.items() if jaccard >= threshold}


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"key": ["a"], "text": ["x"]}), 'no column "id"'),
        (pl.DataFrame({"id": ["a", "b"], "text": ["x", None]}), 'column "text" is null in 1 rows'),
        (pl.DataFrame({"id": ["a", "a"], "text": ["x", "y"]}), 'column "id" repeats itself in 1 rows'),
    ],
)
def test_a_frame_that_cannot_be_used_is_refused_with_what_to_do(frame: pl.DataFrame, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_near_duplicates(frame)


@pytest.mark.parametrize(
    "changed", [{"threshold": 0.8}, {"shingle_words": 4}, {"bands": 20, "rows": 5}, {"recall": 0.9}, {"numbers_differ": False}]
)
def test_every_setting_changes_the_fingerprint(changed: dict[str, float]) -> None:
    how, other = DedupSettings(), DedupSettings().model_copy(update=changed)
    assert sketch_fingerprint(how) != sketch_fingerprint(other)
    assert sketch_fingerprint(how) == sketch_fingerprint(DedupSettings())
