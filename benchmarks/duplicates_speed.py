"""The speed of ragkeep's search for duplicates, in a process of its own as the libraries have: duplicates_speed FILE N.

FILE is a JSON list of texts, N the repetitions. It prints one JSON object of CPU-seconds, all threads, and leaves the shingles beside FILE
for whoever signs them too. Everything was called once before: what is loaded once is not counted, as it is not for the libraries.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import polars as pl

from configs.settings import DedupSettings
from dedup.find import find_duplicates
from dedup.minhash import sign_by_kernel
from dedup.sketch import sketch_by_kernel


def main(chunks: Path, repetitions: int) -> None:
    """`ragkeep` answers what the libraries are asked, `ragkeep_numbers` the default question, `ragkeep_kernel` signs ready shingles."""
    texts, plain = json.loads(chunks.read_text(encoding="utf-8")), DedupSettings(numbers_differ=False)
    frame = pl.DataFrame({"id": range(len(texts)), "text": texts})
    shingles = sketch_by_kernel(frame["text"], plain)["shingles"]
    np.save(chunks.with_name("shingles.npy"), shingles.explode(empty_as_null=False).to_numpy())
    np.save(chunks.with_name("ends.npy"), np.concatenate([[0], shingles.list.len().cum_sum().to_numpy()]).astype(np.uint64))
    ways: dict[str, Callable[[], Any]] = {
        "ragkeep": lambda: find_duplicates(frame, plain),
        "ragkeep_numbers": lambda: find_duplicates(frame),
        "ragkeep_kernel": lambda: sign_by_kernel(shingles, 128),
    }
    print(json.dumps({name: _seconds(way, repetitions) for name, way in ways.items()}))


def _seconds(way: Callable[[], Any], repetitions: int) -> list[float]:
    measured = []
    for _ in range(repetitions + 1):
        started = process_time()
        way()
        measured.append(process_time() - started)
    return measured[1:]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
