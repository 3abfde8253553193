"""Rows that are kept one after another: machine code, Python, and the rule as it is worded, with and without crowds."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import DedupSettings
from dedup.keep import keep, keep_by_kernel, keep_by_python
from dedup.match import CROWD
from dedup.sketch import sketch

Texts = list[tuple[int, set[int], set[int]]]
Rows = list[tuple[int, int, int]]

TEXTS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sets(st.integers(0, 12) | st.integers(2**63, 2**63 + 5), min_size=1, max_size=10),
        st.sets(st.integers(-2, 2), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=8,
)
KINDS = 3
COVERS = st.lists(st.lists(st.booleans(), min_size=KINDS, max_size=KINDS), min_size=KINDS, max_size=KINDS)
ROWS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, KINDS - 1), st.integers(1, 3)), max_size=20)


def _frames(texts: Texts, rows: Rows) -> tuple[pl.DataFrame, pl.DataFrame]:
    schema: dict[str, Any] = {"number_key": pl.Int64, "shingles": pl.List(pl.UInt64), "bands": pl.List(pl.Int64)}
    listed = [(number, sorted(shingles), sorted(bands)) for number, shingles, bands in texts]
    of_rows = [(text % len(texts), kind, expires_at) for text, kind, expires_at in rows]
    columns: dict[str, Any] = {"text": pl.Int64, "kind": pl.Int64, "expires_at": pl.Int64}
    return pl.DataFrame(listed, schema, orient="row"), pl.DataFrame(of_rows, columns, orient="row")


def _by_the_book(texts: Texts, rows: Rows, covers: list[list[bool]], how: DedupSettings) -> list[tuple[int | None, float | None]]:
    kept: list[int] = []
    decided: list[tuple[int | None, float | None]] = []
    for place, (text, kind, expires_at) in enumerate(rows):
        number, shingles, bands = texts[text % len(texts)]
        found = []
        for other in kept:
            other_number, other_shingles, other_bands = texts[rows[other][0] % len(texts)]
            jaccard = len(shingles & other_shingles) / len(shingles | other_shingles)
            near = jaccard >= how.threshold and bands & other_bands and (number == other_number or not how.numbers_differ)
            if near and covers[rows[other][1]][kind] and rows[other][2] >= expires_at:
                found.append((-jaccard, other))
        kept += [] if found else [place]
        decided.append((min(found)[1], -min(found)[0]) if found else (None, None))
    return decided


@given(TEXTS, ROWS, COVERS, st.sampled_from([0.1, 0.5, 0.7, 1.0]), st.booleans(), st.sampled_from([0, 1, 3, CROWD]))
@settings(deadline=None, max_examples=150)
def test_what_is_kept_is_the_rule_by_the_book(
    texts: Texts, rows: Rows, covers: list[list[bool]], threshold: float, numbers_differ: bool, crowd: int
) -> None:
    how = DedupSettings(threshold=threshold, numbers_differ=numbers_differ)
    (members, turns), matrix = _frames(texts, rows), np.array(covers)
    expected = _by_the_book(texts, rows, covers, how)
    assert keep_by_kernel(members, turns, matrix, how, crowd=crowd).rows() == expected
    assert keep_by_python(members, turns, matrix, how).rows() == expected


@pytest.mark.slow
def test_thirty_thousand_letters_that_say_nearly_the_same_cost_no_pairs() -> None:
    """Pair by pair these would be four hundred and fifty million comparisons, which no time limit of a test allows."""
    said = "we write to tell you that the office moves to another street and that letters reach us there from the first of the month on"
    letters = [
        f"Dear {chr(97 + n % 26) * 3} {chr(97 + n // 26 % 26) * 4} {chr(97 + n // 676 % 26) * 5} {said} {said}" for n in range(30_000)
    ]
    members = sketch(pl.Series(letters), DedupSettings())
    rows = pl.DataFrame({"text": range(len(letters))}).with_columns(kind=pl.lit(0, pl.Int64), expires_at=pl.lit(0, pl.Int64))
    kept = keep(members, rows, np.ones((1, 1), dtype=np.bool_), DedupSettings())
    assert kept["by"].null_count() < 10
