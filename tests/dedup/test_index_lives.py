"""Whatever happens to an index on its way, it ends as a clean build of the same texts: same pairs, same kept chunks, same rows."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import DedupSettings
from dedup.resolve import resolve
from ledger import duplicates
from ledger.duplicates import DuplicateIndex

HOW = DedupSettings(threshold=0.4, shingle_words=2, bands=20, rows=2)
SENTENCES = (
    "the lease ends in may",
    "all keys return to the owner",
    "rent is due each month",
    "pets are not allowed",
    "the garden stays open",
)
DOCUMENTS = ("d1", "d2", "d3", "d4", "d5")
TEXTS = st.lists(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3).map(" and ".join), max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.dictionaries(st.sampled_from(DOCUMENTS), TEXTS, min_size=1, max_size=4), st.integers(0, 4)),
        st.tuples(st.just("forget"), st.sets(st.sampled_from(DOCUMENTS), min_size=1), st.just(0)),
        st.tuples(st.just("reopen"), st.none(), st.just(0)),
    ),
    min_size=1,
    max_size=7,
)


class _KilledError(BaseException):
    """As abrupt as a signal to everything that catches exceptions, and as the transaction that it interrupts."""


def _key(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _frame(held: dict[str, list[str]]) -> pl.DataFrame:
    rows = [(_key(text), document, text) for document, texts in held.items() for text in texts]
    return pl.DataFrame(rows, {"text_key": pl.String, "document_id": pl.String, "text": pl.String}, orient="row")


@contextmanager
def _killed_in_batch(number: int) -> Iterator[None]:
    """Batches of two texts, and the end of the process before the commit of this one; 0 leaves it alone."""
    passed = iter(range(1, 1_000))

    def reach(point: str) -> None:
        if point == "duplicates.add" and next(passed) == number:
            raise _KilledError

    with mock.patch.object(duplicates, "reach", reach), mock.patch.object(duplicates, "_TEXTS_AT_ONCE", 2):
        yield


def _kept(held: dict[str, list[str]], index: DuplicateIndex) -> pl.DataFrame:
    """What is served: documents of a later name have the better source, and every second one terms of its own."""
    rows = [
        (f"{document}-{place}", _key(text), -int(document[1]), int(document[1]) % 2)
        for document, texts in sorted(held.items())
        for place, text in enumerate(texts)
    ]
    schema: dict[str, Any] = {"chunk_id": pl.String, "text_key": pl.String, "source_priority": pl.Int64, "classification": pl.Int64}
    chunks = pl.DataFrame(rows, schema, orient="row").with_columns(
        date=pl.lit(None, pl.Int64),
        groups=pl.lit([], pl.List(pl.String)),
        purposes=pl.lit(["retrieval"], pl.List(pl.String)),
        expires_at=pl.lit(0, pl.Int64),
    )
    return resolve(chunks, index.edges(), HOW)


def _rows(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("member", "band", "edge", "owner")}
    connection.close()
    return counts


def _live(folder: Path, steps: list[Any]) -> None:
    path, held = folder / "index.db", dict[str, list[str]]()
    index = DuplicateIndex(path, HOW)
    for step, given_, kill in steps:
        if step == "write":
            held |= given_
            try:
                with _killed_in_batch(kill):
                    index.replace(_frame(given_), list(given_))
            except _KilledError:
                index.close()
                index = DuplicateIndex(path, HOW)
                index.replace(_frame(given_), list(given_))
        elif step == "forget":
            held = {document: texts for document, texts in held.items() if document not in given_}
            index.forget(given_)
        else:
            index.close()
            index = DuplicateIndex(path, HOW)
    clean = DuplicateIndex(folder / "clean.db", HOW)
    clean.replace(_frame(held), list(held))
    assert index.edges().equals(clean.edges())
    assert _kept(held, index).equals(_kept(held, clean))
    assert _rows(path) == _rows(folder / "clean.db")
    index.replace(_frame(held), list(held))
    assert _rows(path) == _rows(folder / "clean.db")
    index.close()
    clean.close()


@given(STEPS)
@settings(deadline=None, max_examples=25)
def test_however_it_lived_it_ends_as_a_clean_build(steps: list[Any]) -> None:
    """Written, edited, forgotten, opened again, killed before any commit and taken up again; and saying all again changes nothing."""
    with TemporaryDirectory() as folder:
        _live(Path(folder), steps)


@pytest.mark.soak
@given(STEPS)
@settings(deadline=None, max_examples=2_000)
def test_thousands_of_lives_end_as_a_clean_build(steps: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        _live(Path(folder), steps)
