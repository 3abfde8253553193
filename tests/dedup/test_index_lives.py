"""Whatever happens to an index on its way, it ends as a clean build of the same texts in which no pair is left for later: same kept chunks.

However few texts make a crowd: that pairs are found when they are needed changes no decision."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from unittest import mock

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from configs.settings import DedupSettings
from dedup.resolve import resolve
from ledger import duplicate_members, duplicates
from ledger.duplicates import DuplicateIndex

HOW = DedupSettings(threshold=0.4, shingle_words=2, bands=20, rows=2)
SENTENCES = (
    "the lease ends in may",
    "all keys return to the owner",
    "rent is due each month of 2020",
    "rent is due each month of 2021",
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


def _key(said: str) -> str:
    return sha256(said.encode()).hexdigest()[:32]


def _frame(held: dict[str, list[str]]) -> pl.DataFrame:
    rows = [(_key(said), document, said) for document, texts in held.items() for said in texts]
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


def _kept(held: dict[str, list[str]], index: DuplicateIndex, *, of: list[str] | None = None) -> pl.DataFrame:
    """What is served, of all or of what a change of some texts touches: documents of a later name have the better source, and every second
    one terms of its own."""
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
    touched = None if of is None else index.tied(_key(said) for said in of)
    chunks = chunks if touched is None else chunks.filter(pl.col("text_key").is_in(list(touched)))
    return resolve(chunks, index.edges(touched), HOW, crowd=index.crowd(touched))


def _rows(engine: Engine, *others: str) -> dict[str, int]:
    """Of every table whose rows do not depend on the order of arrival: which pairs are stored, and which only found, does."""
    with engine.connect() as connection:
        tables = ("member", "band", "owner", *others)
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def _live(new_database: Callable[[], Engine], steps: list[Any], crowd: int) -> None:
    engine, other = new_database(), new_database()
    with mock.patch.object(duplicate_members, "_CROWD", crowd):
        held, index = _go_through(engine, steps)
    clean = DuplicateIndex(other, HOW)
    clean.replace(_frame(held), list(held))
    decided = _kept(held, clean)
    assert _pairs(index) <= _pairs(clean)
    assert _kept(held, index).equals(decided)
    assert _rows(engine) == _rows(other)
    index.replace(_frame(held), list(held))
    assert _rows(engine) == _rows(other)
    for document, texts in held.items():
        of_touched = _kept(held, index, of=texts)
        assert of_touched.equals(decided.join(of_touched, on="chunk_id", how="semi", maintain_order="left"))
        assert {f"{document}-{place}" for place in range(len(texts))} <= set(of_touched["chunk_id"])
    index.forget(held)
    assert set(_rows(engine, "edge", "crowd").values()) == {0}
    index.close()
    clean.close()


def _pairs(index: DuplicateIndex) -> set[tuple[str, str]]:
    return set(index.edges().select("a", "b").iter_rows())


def _go_through(engine: Engine, steps: list[Any]) -> tuple[dict[str, list[str]], DuplicateIndex]:
    held = dict[str, list[str]]()
    index = DuplicateIndex(engine, HOW)
    for step, given_, kill in steps:
        if step == "write":
            held |= given_
            try:
                with _killed_in_batch(kill):
                    index.replace(_frame(given_), list(given_))
            except _KilledError:
                index.close()
                index = DuplicateIndex(engine, HOW)
                index.replace(_frame(given_), list(given_))
        elif step == "forget":
            held = {document: texts for document, texts in held.items() if document not in given_}
            index.forget(given_)
        else:
            index.close()
            index = DuplicateIndex(engine, HOW)
    return held, index


@given(STEPS, st.sampled_from((1, 2, 3)))
@settings(deadline=None, max_examples=20)
def test_however_it_lived_it_ends_as_a_clean_build(new_database: Callable[[], Engine], steps: list[Any], crowd: int) -> None:
    """Written, edited, forgotten, opened again, killed before any commit and taken up again; and saying all again changes nothing, nor does
    looking only at what a change touches. When the last text goes nothing is left."""
    _live(new_database, steps, crowd)


@pytest.mark.soak
@given(STEPS, st.sampled_from((1, 2, 3)))
@settings(deadline=None, max_examples=2_000)
def test_thousands_of_lives_end_as_a_clean_build(new_database: Callable[[], Engine], steps: list[Any], crowd: int) -> None:
    _live(new_database, steps, crowd)
