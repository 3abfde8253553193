"""Three libraries for near-duplicates, each by its own best batch interface: python duplicates.py CHUNKS.json REPETITIONS.

It runs in the peers' environment, prints one JSON object, and counts CPU-seconds of the whole process, all threads. Every library gets
the texts and answers which chunks belong together; none verifies what it finds by the exact similarity.
"""

import json
import re
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

BANDS, ROWS, SHINGLE, THRESHOLD = 25, 5, 5, 0.7
_WORD = re.compile(r"\w+")


def main(chunks: Path, repetitions: int) -> None:
    """CPU-seconds of every repetition by name."""
    texts = json.loads(chunks.read_text(encoding="utf-8"))
    ways: dict[str, Callable[[list[str]], Any]] = {
        "datasketch": _datasketch,
        "datasketch_xxh32": _datasketch_xxh32,
        "rensa": _rensa,
        "rensa_flags": _rensa_flags,
        "gaoya": _gaoya,
    }
    seconds = {name: [_seconds(way, texts) for _ in range(repetitions)] for name, way in ways.items()}
    seconds["rensa_kernel"] = [_seconds(_rensa_kernel, hashes) for hashes in [_hashes(chunks)] for _ in range(repetitions + 1)][1:]
    print(json.dumps({"seconds": seconds, "versions": {name: version(name) for name in ("datasketch", "rensa", "gaoya", "xxhash")}}))


def _seconds(way: Callable[[Any], Any], given: Any) -> float:
    started = process_time()
    way(given)
    return process_time() - started


def _shingles(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    return [" ".join(words[start : start + SHINGLE]) for start in range(max(1, len(words) - SHINGLE + 1))]


def _datasketch(texts: list[str]) -> dict[int, list[int]]:
    """`MinHash.bulk` and one insertion session, as they come."""
    from datasketch.hashfunc import sha1_hash32

    return _by_datasketch(texts, sha1_hash32)


def _datasketch_xxh32(texts: list[str]) -> dict[int, list[int]]:
    """With a faster hash, from another package."""
    import xxhash

    return _by_datasketch(texts, xxhash.xxh32_intdigest)


def _by_datasketch(texts: list[str], hashed: Callable[[bytes], int]) -> dict[int, list[int]]:
    from datasketch import MinHash, MinHashLSH

    sets = [[shingle.encode() for shingle in _shingles(text)] for text in texts]
    sketches = MinHash.bulk(sets, num_perm=BANDS * ROWS, hashfunc=hashed)
    index = MinHashLSH(threshold=THRESHOLD, num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    with index.insertion_session() as session:
        for key, sketch in enumerate(sketches):
            session.insert(key, sketch, check_duplication=False)
    near = ((key, sketch, index.query(sketch)) for key, sketch in enumerate(sketches))
    return {key: [other for other in found if sketch.jaccard(sketches[other]) >= THRESHOLD] for key, sketch, found in near}


def _rensa(texts: list[str]) -> list[list[int]]:
    from rensa import RMinHash, RMinHashLSH

    sketches = RMinHash.from_token_sets([_shingles(text) for text in texts], BANDS * ROWS, 42)
    index = RMinHashLSH(THRESHOLD, BANDS * ROWS, BANDS)
    index.insert_many(sketches)
    found: list[list[int]] = index.query_all(sketches)
    return found


def _rensa_flags(texts: list[str]) -> list[bool]:
    """Less than the others: which chunks share a band with any other, but not with which."""
    from rensa import RMinHash, RMinHashLSH

    matrix = RMinHash.digest_matrix_from_token_sets([_shingles(text) for text in texts], BANDS * ROWS, 42)
    flags: list[bool] = RMinHashLSH(THRESHOLD, BANDS * ROWS, BANDS).query_duplicate_flags_matrix_one_shot(matrix)
    return flags


def _gaoya(texts: list[str]) -> list[list[int]]:
    """Its own tokeniser, in Rust."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(32, THRESHOLD, BANDS, ROWS, None, "word", True, (SHINGLE, SHINGLE), "vec")
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    found: list[list[int]] = index.par_bulk_query(texts)
    return found


def _hashes(chunks: Path) -> tuple[Any, Any]:
    """The shingles that ragkeep hashed, and where each chunk's begin."""
    import numpy as np

    return np.load(chunks.with_name("shingles.npy")), np.load(chunks.with_name("ends.npy"))


def _rensa_kernel(hashes: tuple[Any, Any]) -> Any:
    from rensa import RMinHash

    return RMinHash.digest_matrix_from_flat_token_hashes(*hashes, 128, 42)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
