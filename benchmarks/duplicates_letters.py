"""What thousands of form letters cost that are all near to each other, in a process of its own: duplicates_letters COUNT FOLDER.

It prints one JSON object. The letters differ in names, streets, towns and things, which are words, so no number keeps them apart: nearly
every pair of them is a true one.
"""

import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from time import process_time

import polars as pl

from configs.settings import DedupSettings
from dedup.match import match_by_kernel
from dedup.resolve import resolve
from dedup.sketch import sketch_by_kernel
from ledger.database import open_sqlite
from ledger.duplicates import DuplicateIndex

_LETTER = """Dear {name}, thank you for your order of the {thing}, which has left our store in {town} and will be brought to you at {street}
within the next days. If nobody is at home, the driver leaves a note with the place and the hours where the parcel waits for you.
You may send back what you do not like within the time that the law allows, in its own box and with the slip that lies in it; we
pay it back as you paid. Should anything be broken or missing, please write to us or call, and have the number of your order at
hand. Our terms, which you have agreed to, lie in every parcel and stand on our pages. We are glad that you chose us, and we hope
that you will come again. With kind regards, your friends of the service desk"""
_SYLLABLES = [first + rest for first in "bdfgklmnprstvw" for rest in ("a", "e", "i", "o", "u", "an", "er", "il", "on")]
_BATCH, _DELETED = 250, 100
_EDGES = {"a": pl.String, "b": pl.String, "jaccard": pl.Float64, "same_numbers": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Letters:
    """CPU-seconds, and what is left of them."""

    letters: int
    build: float
    """From nothing, in batches of 250."""
    decide: float
    """All of them anew: which ones stand for which."""
    delete: float
    """A hundred of them, and what that touches decided anew."""
    kept: int
    """Of the letters: the others have a kept one that stands for them."""
    stored_pairs: int
    file_mb: float
    peak_mb: float
    """Of the process."""


def write_letters(count: int, /) -> pl.DataFrame:
    """text_key, document_id and text of so many letters, the same for the same number."""
    rng = Random(5)
    texts = [_LETTER.format(name=_words(rng, 2), thing=_words(rng, 1), town=_words(rng, 1), street=_words(rng, 2)) for _ in range(count)]
    return pl.DataFrame({"text_key": [f"{n:032}" for n in range(count)], "document_id": [f"d{n}" for n in range(count)], "text": texts})


def _words(rng: Random, count: int) -> str:
    return " ".join("".join(rng.choice(_SYLLABLES) for _ in range(3)) for _ in range(count))


def measure_letters(count: int, folder: Path, /) -> Letters:
    """Figures of one index."""
    texts, how = write_letters(count), DedupSettings()
    chunks = texts.select(
        "text_key",
        "document_id",
        chunk_id="document_id",
        source_priority=pl.lit(0, pl.Int64),
        date=pl.lit(None, pl.Int64),
        groups=pl.lit([], pl.List(pl.String)),
        classification=pl.lit(0, pl.Int64),
        purposes=pl.lit(["retrieval"], pl.List(pl.String)),
        expires_at=pl.lit(0, pl.Int64),
    )
    _load(texts.head(200), chunks.head(200), how)
    index = DuplicateIndex(open_sqlite(folder / "letters.sqlite"), how)
    started = process_time()
    for batch in texts.iter_slices(_BATCH):
        index.replace(batch, batch["document_id"].to_list())
    built = process_time()
    decided = resolve(chunks, index.edges(), how, crowd=index.crowd())
    done = process_time()
    index.purge()
    size, pairs = (folder / "letters.sqlite").stat().st_size, index.edges().height
    began = process_time()
    gone = texts.tail(_DELETED)
    touched = index.tied(gone["text_key"]) - set(gone["text_key"])
    index.forget(gone["document_id"].to_list())
    resolve(chunks.filter(pl.col("text_key").is_in(list(touched))), index.edges(touched), how, crowd=index.crowd(touched))
    ended = process_time()
    index.close()
    seconds = (round(each, 3) for each in (built - started, done - built, ended - began))
    return Letters(count, *seconds, decided["representative"].null_count(), pairs, round(size / 1e6, 1), _peak_mb())


def _peak_mb() -> int:
    """By the system's own count, for `getrusage` begins with the memory of the process that started this one."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) // 1_024 if found else 0


def _load(texts: pl.DataFrame, chunks: pl.DataFrame, how: DedupSettings) -> None:
    """The machine code, which is part of the memory, and not of the time."""
    members = sketch_by_kernel(texts["text"], how).with_columns(pl.int_range(pl.len()).alias("member"))
    match_by_kernel(members, how.threshold)
    resolve(chunks, pl.DataFrame(schema=_EDGES), how, crowd=members.with_columns(texts["text_key"]))


if __name__ == "__main__":
    print(json.dumps(asdict(measure_letters(int(sys.argv[1]), Path(sys.argv[2])))))
