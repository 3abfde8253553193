"""MinHash signatures in datasketch's `affine32` scheme, and the bands by which similar ones meet.

`MinHash(hashvalues=signature, scheme="affine32", seed=SEED)` is datasketch's own sketch of the same hashes, bit for bit. Plain numpy
because datasketch costs a second to import, and hashes one shingle at a time.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

SCHEME = "affine32"
SEED = 1
"""datasketch's default."""

_SHINGLES_AT_ONCE = 65_536

Signatures = npt.NDArray[np.uint32]
"""Shape (texts, permutations)."""


def sign(shingles: pl.Series, permutations: int, /, *, seed: int = SEED) -> Signatures:
    """The least permuted hash of each text under each permutation; all ones for a text without shingles.

    The permutation of a hash h is `a * fmix32(h) + b` modulo 2^32 with an odd `a`; h is the low half of the shingle's hash.
    """
    a, b = draw_permutations(permutations, seed)
    lengths = shingles.list.len().to_numpy().astype(np.int64)
    hashes = _fmix32(shingles.explode(empty_as_null=False).to_numpy().astype(np.uint32))
    signatures = np.full((permutations, len(shingles)), np.iinfo(np.uint32).max, dtype=np.uint32)
    filled, ends = np.flatnonzero(lengths), np.cumsum(lengths)
    # A block of texts small enough for the processor's cache goes through all permutations before the next one.
    blocks = np.split(filled, np.flatnonzero(np.diff(ends[filled] // _SHINGLES_AT_ONCE)) + 1) if len(filled) else []
    for texts in blocks:
        start, end = ends[texts[0]] - lengths[texts[0]], ends[texts[-1]]
        block, starts = hashes[start:end], ends[texts] - lengths[texts] - start
        for permutation in range(permutations):
            signatures[permutation, texts] = np.minimum.reduceat(block * a[permutation] + b[permutation], starts)
    return np.ascontiguousarray(signatures.T)


def sign_by_kernel(shingles: pl.Series, permutations: int, /, *, seed: int = SEED) -> Signatures:
    """`sign` by numba."""
    from dedup.compiled import read_only
    from dedup.kernel import sign_sets

    a, b = draw_permutations(permutations, seed)
    ends = np.concatenate([np.zeros(1, dtype=np.int64), shingles.list.len().cast(pl.Int64).cum_sum().to_numpy()])
    signatures = np.empty((len(shingles), permutations), dtype=np.uint32)
    flat = shingles.explode(empty_as_null=False).to_numpy()
    sign_sets(read_only(flat), read_only(ends), read_only(a), read_only(b), signatures)
    return signatures


def band(signatures: Signatures, bands: int, /) -> npt.NDArray[np.int64]:
    """One 64-bit hash for each of `bands` equal parts of a signature, of shape (texts, bands). Different parts never meet by design."""
    texts, permutations = signatures.shape
    parts = signatures.reshape(texts, bands, permutations // bands).astype(np.uint64)
    hashes = np.broadcast_to(np.arange(1, bands + 1, dtype=np.uint64), (texts, bands))
    for row in range(permutations // bands):
        hashes = (hashes ^ parts[:, :, row]) * np.uint64(0x9E3779B97F4A7C15)
        hashes = hashes ^ (hashes >> np.uint64(29))
    return hashes.view(np.int64)


def draw_permutations(count: int, seed: int, /) -> tuple[Signatures, Signatures]:
    """datasketch's own factors, all odd, and summands."""
    generator = np.random.RandomState(seed)
    a = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, generator.randint(0, 1 << 32, count, dtype=np.uint32)


def _fmix32(hashes: Signatures) -> Signatures:
    """MurmurHash3's 32-bit finaliser."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    mixed: Signatures = hashes ^ (hashes >> np.uint32(16))
    return mixed
