import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import DedupSettings
from contracts.errors import UsageError
from dedup import find_duplicates
from dedup.find import find_near_duplicates
from dedup.resolve import resolve

HOW = DedupSettings(threshold=0.5, shingle_words=2, bands=60, rows=1)
TEXTS = st.lists(st.lists(st.sampled_from(["rent", "keys", "garden", "owner", "ends"]), max_size=7).map(" ".join), max_size=12)


def test_a_copy_a_near_copy_and_what_is_neither() -> None:
    lease = "The tenant shall give notice in writing before the lease ends and shall return all keys to the owner of the house"
    texts = [lease.upper(), "Bees keep warm by shivering in winter.", lease.replace("house", "home"), lease]
    found = find_duplicates(pl.DataFrame({"page": [4, 3, 2, 1], "words": texts}), id="page", text="words")
    assert found.rows() == [(4, 1, 1.0), (3, None, None), (2, 1, 17 / 19), (1, None, None)]


def test_the_columns_named_come_before_the_id_and_an_empty_one_last() -> None:
    frame = pl.DataFrame({"id": ["a", "b", "c"], "text": ["the same words"] * 3, "date": [None, 2, 1]})
    assert find_duplicates(frame, by=["date"])["duplicate_of"].to_list() == ["c", "c", None]


def test_texts_without_words_are_duplicates_of_the_very_same_alone() -> None:
    frame = pl.DataFrame({"id": [1, 2, 3, 4], "text": ["...", "!", "...", "..."]})
    assert find_duplicates(frame)["duplicate_of"].to_list() == [None, None, 1, 1]


def test_nothing_in_gives_nothing_out() -> None:
    found = find_duplicates(pl.DataFrame(schema={"id": pl.String, "text": pl.String}))
    assert found.schema == {"id": pl.String, "duplicate_of": pl.String, "jaccard": pl.Float64}
    assert found.is_empty()


@given(TEXTS)
@settings(deadline=None, max_examples=80)
def test_it_decides_as_a_workspace_does_where_all_texts_have_the_same_terms(texts: list[str]) -> None:
    frame = pl.DataFrame({"id": [f"{number:02}" for number in range(len(texts))], "text": texts}, {"id": pl.String, "text": pl.String})
    terms = {"source_priority": 0, "date": None, "classification": 0, "expires_at": 0}
    chunks = frame.select(chunk_id="id", text_key="text").with_columns(
        *(pl.lit(value, pl.Int64).alias(name) for name, value in terms.items()),
        groups=pl.lit([], pl.List(pl.String)),
        purposes=pl.lit(["retrieval"], pl.List(pl.String)),
    )
    distinct = frame.unique("text", keep="first").select("text", copy="text")
    edges = find_near_duplicates(distinct, HOW, id="text", text="copy")
    expected = resolve(chunks, edges, HOW).rename({"chunk_id": "id", "representative": "duplicate_of"})
    assert find_duplicates(frame, HOW).equals(expected)


@given(TEXTS, st.randoms())
@settings(deadline=None, max_examples=60)
def test_neither_the_order_of_rows_nor_the_number_of_copies_changes_what_is_kept(texts: list[str], random: object) -> None:
    frame = pl.DataFrame({"id": range(len(texts)), "text": texts}, {"id": pl.Int64, "text": pl.String})
    found = find_duplicates(frame, HOW)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=7)
    assert find_duplicates(shuffled, HOW).sort("id").equals(found)
    copies = frame.with_columns(pl.col("id") + len(texts))
    kept = found.filter(pl.col("duplicate_of").is_null())
    assert find_duplicates(pl.concat([frame, copies]), HOW).filter(pl.col("duplicate_of").is_null()).equals(kept)


def test_a_column_that_is_no_text_or_is_not_there_is_refused() -> None:
    frame = pl.DataFrame({"id": ["a"], "text": [1]})
    with pytest.raises(UsageError, match='find_duplicates: column "text" is Int64 and not String'):
        find_duplicates(frame)
    with pytest.raises(UsageError, match='find_duplicates: there is no column "date"'):
        find_duplicates(frame, by=["date"])
