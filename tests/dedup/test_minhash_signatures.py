from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.minhash import band, sign, sign_by_kernel

HASHES = st.lists(st.sets(st.integers(0, 2**64 - 1), max_size=40), min_size=1, max_size=12)


def _shingles(sets: list[set[int]]) -> pl.Series:
    return pl.Series([sorted(values) for values in sets], dtype=pl.List(pl.UInt64))


@pytest.fixture(scope="module")
def datasketch() -> Any:
    return pytest.importorskip("datasketch")


@pytest.mark.parametrize("way", [sign, sign_by_kernel])
@given(sets=HASHES, permutations=st.sampled_from([1, 16, 125]), seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_signatures_are_datasketchs_own_bit_for_bit(datasketch: Any, way: Any, sets: list[set[int]], permutations: int, seed: int) -> None:
    signatures = way(_shingles(sets), permutations, seed=seed)
    for values, signature in zip(sets, signatures, strict=True):
        theirs = datasketch.MinHash(num_perm=permutations, seed=seed, scheme="affine32", hashfunc=lambda value: value & 0xFFFFFFFF)
        theirs.update_batch(values)
        assert np.array_equal(theirs.hashvalues, signature)
        ours = datasketch.MinHash(hashvalues=signature, seed=seed, scheme="affine32")
        assert ours.jaccard(theirs) == 1.0


def test_a_signature_does_not_depend_on_the_texts_around_it() -> None:
    """More shingles than fit one block, with empty texts at every edge of a block."""
    generator = np.random.default_rng(7)
    sets = [set(generator.integers(0, 2**63, size).tolist()) for size in (0, 30_000, 0, 40_000, 70_000, 1, 0)]
    together = sign(_shingles(sets), 16)
    assert all(np.array_equal(sign(_shingles([values]), 16)[0], signature) for values, signature in zip(sets, together, strict=True))


@given(HASHES)
@settings(deadline=None, max_examples=30)
def test_bands_meet_exactly_where_their_rows_are_equal(sets: list[set[int]]) -> None:
    signatures = sign(_shingles([*sets, sets[0]]), 20)
    bands = band(signatures, 5)
    rows = signatures.reshape(len(signatures), 5, 4)
    assert np.array_equal(bands[0] == bands, (rows[0] == rows).all(axis=2))
    assert (bands[0] == bands[-1]).all()


def test_equal_rows_in_different_bands_do_not_meet() -> None:
    assert len(set(band(np.full((1, 20), 9, dtype=np.uint32), 5)[0].tolist())) == 5
