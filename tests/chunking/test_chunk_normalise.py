"""Which texts say the same."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chunking.normalise import normalise


def normalised(*texts: str) -> list[str]:
    return pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(normalise(pl.col("text")))["text"].to_list()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, world!", "hello world"),
        ("a\n\nb", "A b"),
        ("ﬁne", "fine"),
        ("１２", "12"),
        ("“Quoted”", '"quoted"'),
        ("CỘNG HÒA", "cộng hòa"),
    ],
)
def test_case_form_space_and_punctuation_do_not_matter(one: str, other: str) -> None:
    first, second = normalised(one, other)
    assert first == second


@pytest.mark.parametrize(
    ("one", "other"), [("5", "-5"), ("rate -5 %", "rate 5 %"), ("5 €", "5 $"), ("v1.2", "v12"), ("?!", "..."), ("👍", "👎"), ("ma", "mà")]
)
def test_digits_signs_symbols_and_accents_matter(one: str, other: str) -> None:
    first, second = normalised(one, other)
    assert first != second


@settings(deadline=None, max_examples=80)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), max_size=5))
def test_normalising_takes_each_text_by_itself_and_leaves_no_outer_space(texts: list[str]) -> None:
    assert normalised(*texts) == [normalised(text)[0] for text in texts]
    assert all(text == text.strip(" ") for text in normalised(*texts))
