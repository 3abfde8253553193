import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedup.shingle import shingle

WORDS = st.lists(st.sampled_from(["lease", "năm", "hợp", "đồng", "a1", "naïve", "x"]), max_size=12)


def _sets(*texts: str, words: int = 3) -> list[list[int]]:
    return shingle(pl.Series(texts), words).to_list()


def test_a_text_gives_the_same_hashes_in_every_process_and_on_every_machine() -> None:
    """Golden, computed in plain Python: an index on disk meets texts that come years later. A change here must raise NORMALISER."""
    assert _sets("The lease ends in May.", words=4) == [[5966782050426462158, 9820434573873566897]]


@given(WORDS)
@settings(deadline=None, max_examples=60)
def test_shingles_are_as_many_as_the_distinct_runs_of_words(words: list[str]) -> None:
    runs = {tuple(words[start : start + 3]) for start in range(max(len(words) - 2, 0))} or ({tuple(words)} if words else set())
    assert [len(found) for found in _sets(" ".join(words))] == [len(runs)]


@given(WORDS, WORDS)
@settings(deadline=None, max_examples=60)
def test_two_texts_share_exactly_the_runs_that_they_share(left: list[str], right: list[str]) -> None:
    def runs(words: list[str]) -> set[tuple[str, ...]]:
        return {tuple(words[start : start + 3]) for start in range(max(len(words) - 2, 0))} or ({tuple(words)} if words else set())

    found, other = _sets(" ".join(left), " ".join(right))
    assert len(set(found) & set(other)) == len(runs(left) & runs(right))


@given(st.lists(st.text(max_size=30), max_size=8))
@settings(deadline=None, max_examples=60)
def test_a_text_is_hashed_the_same_alone_and_among_others(texts: list[str]) -> None:
    assert _sets(*texts) == [_sets(text)[0] for text in texts] if texts else shingle(pl.Series(texts, dtype=pl.String), 3).is_empty()


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=100)
def test_shingles_are_sorted_and_distinct_whatever_the_text(text: str) -> None:
    (found,) = _sets(text)
    assert found == sorted(set(found))


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("The Lease, ends: in (May)", "the lease ends in may"),
        ("Hợp đồng thuê nhà", unicodedata.normalize("NFD", "hợp đồng thuê nhà")),
        ("ｆｕｌｌ width １２", "full width 12"),
        ("a\u00a0b\tc\nd", "a b c d"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("“quoted” — dash…", '"quoted" - dash'),
        ("合同于五月结束。", "合同于五月结束"),
    ],
)
def test_case_punctuation_spacing_and_unicode_form_do_not_matter(one: str, same: str) -> None:
    found, other = _sets(one, same)
    assert found == other != []


@pytest.mark.parametrize(
    ("one", "other"), [("má mà ma", "ma ma ma"), ("up 🙂 here", "up 🙁 here"), ("a + b", "a - b"), ("năm mới tốt", "nam moi tot")]
)
def test_marks_symbols_and_emoji_do_matter(one: str, other: str) -> None:
    found, different = _sets(one, other)
    assert found != different


def test_scripts_without_spaces_are_compared_by_characters() -> None:
    found, other = _sets("租赁合同于今年五月结束", "租赁合同于今年六月结束", words=2)
    assert len(found) == 10
    assert len(set(found) & set(other)) == 8


def test_a_text_shorter_than_a_shingle_is_one_shingle_and_one_without_words_none() -> None:
    assert [len(found) for found in _sets("two words", "...", "", "💡", words=5)] == [1, 0, 0, 1]
