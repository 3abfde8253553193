"""The index of duplicates as it grows: what a batch and a deletion cost in a small one and in a large one, and its size."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter, process_time

import polars as pl

from benchmarks.chunks import make_chunks
from configs.settings import DedupSettings
from dedup.match import match_by_kernel
from dedup.sketch import sketch_by_kernel
from ledger.database import open_sqlite
from ledger.duplicates import DuplicateIndex

_BATCH, _DELETED, _TIMES = 1_000, 100, 7
_READ_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Growth:
    """An index that grew from none to `large` and then to `total` chunks. CPU-seconds, medians of seven."""

    small: int
    large: int
    total: int
    batch_small: float
    batch_large: float
    delete_small: float
    delete_large: float
    build_cpu_seconds: float
    build_seconds: float
    peak_mb: float
    """Of the whole process, which had done nothing else before."""
    bytes_per_chunk: float
    edges: int


def grow(folder: Path, sentences: list[str], small: int, large: int, total: int, /) -> Growth:
    """Figures of one index, whose batches come from the same stream of chunks that fills it."""
    index, chunks = (
        DuplicateIndex(open_sqlite(folder / "duplicates.sqlite"), DedupSettings()),
        make_chunks(sentences, total + 2 * _TIMES * _BATCH, seed=1),
    )
    cpu, clock, measured, filled = 0.0, 0.0, {}, 0
    for goal in (small, large, total):
        while filled < goal:
            texts = _texts(islice(chunks, min(_READ_AT_ONCE, goal - filled)), filled)
            filled += texts.height
            started, began = process_time(), perf_counter()
            index.add(texts)
            cpu, clock = cpu + process_time() - started, clock + perf_counter() - began
        if goal != total:
            measured[goal] = _measure(index, chunks)
    index.purge()
    size, edges = (folder / "duplicates.sqlite").stat().st_size, index.edges().height
    index.close()
    (batch_small, delete_small), (batch_large, delete_large) = measured[small], measured[large]
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1_024
    figures = batch_small, batch_large, delete_small, delete_large, cpu, clock, peak, size / total
    return Growth(small, large, total, *(round(figure, 4) for figure in figures), edges)


def _load() -> None:
    """The machine code, which a process loads once."""
    how = DedupSettings()
    made = sketch_by_kernel(pl.Series(["a word or two"] * 2), how).with_columns(pl.int_range(pl.len()).alias("member"))
    match_by_kernel(made, how.threshold)


def _measure(index: DuplicateIndex, chunks: Iterator[str]) -> tuple[float, float]:
    """A batch that comes, and a hundred of its documents that go, again and again; the index is afterwards what it was."""
    batches, deletions = [], []
    for time in range(_TIMES):
        texts = _texts(islice(chunks, _BATCH), -(time + 1) * _BATCH)
        started = process_time()
        index.add(texts)
        batches.append(process_time() - started)
        documents = texts["document_id"].to_list()
        started = process_time()
        index.forget(documents[:_DELETED])
        deletions.append(process_time() - started)
        index.forget(documents[_DELETED:])
    return median(batches), median(deletions)


def _texts(chunks: Iterator[str], first: int) -> pl.DataFrame:
    texts = list(chunks)
    keys = [blake2b(text.encode(), digest_size=16).hexdigest() for text in texts]
    return pl.DataFrame({"text_key": keys, "document_id": [f"d{first + place}" for place in range(len(texts))], "text": texts})
