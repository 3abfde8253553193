"""Laws of cleaning: nothing vanishes unnamed, nothing moves, and offsets point where they say."""

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cleaning.clean import clean, cleaning_fingerprint, document_text
from configs.settings import CleaningSettings
from contracts.tables import Dropped, Element, ParsedElement

HOW = CleaningSettings()
KINDS = ("title", "text", "list_item", "table", "code", "header", "footer", "email_header", "page_number", "image")
FRAGMENTS = (
    "Điều",
    "e\u0302\u0323",
    " ",
    "  ",
    "\u00a0",
    "\n",
    "\r\n",
    "\n\n",
    "\t",
    "\x00",
    "\x85",
    "\u2028",
    "\u3000",
    "3",
    "-",
    ".",
    "A",
)
FRAGMENTS += (
    "👨‍👩‍👧",
    "می‌خواهم",
    "क्\u200d",
    "\u200b",
    "\u00ad",
    "\u200c",
    "\u200d",
    "\u202e",
    "\ufeff",
    "\ufffe",
    "\u0301",
    "\U000e0041",
    "Page 3 of 9",
)
TEXTS = st.lists(st.sampled_from(FRAGMENTS) | st.text(st.characters(blacklist_categories=("Cs",)), max_size=3), max_size=8).map("".join)
ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(KINDS), TEXTS, st.integers(0, 5)), max_size=25)


def elements(*rows: tuple[str, str, str, int]) -> pl.DataFrame:
    """Rows of (document, kind, text, page), ordinals counted in each document."""
    counted: dict[str, int] = {}
    records = []
    for document, kind, text, page in rows:
        ordinal = counted[document] = counted.get(document, -1) + 1
        records.append((0, document * 32, document * 32, "f" * 32, ordinal, kind, text, None, page, "", "vi", None, None, None))
    return pl.DataFrame(records, schema=ParsedElement.create_empty().schema, orient="row")


def text_of(frame: pl.DataFrame) -> list[str]:
    return frame["text"].to_list()


def rules(*rows: tuple[str, str, str, int], how: CleaningSettings = HOW) -> dict[int, str]:
    _, dropped = clean(elements(*rows), how)
    return dict(zip(dropped["ordinal"], dropped["rule"], strict=True))


@given(ROWS)
@settings(deadline=None, max_examples=150)
def test_kept_and_dropped_are_the_input_in_its_order(rows: list[tuple[str, str, str, int]]) -> None:
    parsed = elements(*rows)
    kept, dropped = clean(parsed, HOW)
    Element.validate(kept)
    Dropped.validate(dropped)
    assert kept.height + dropped.height == parsed.height
    keys = ["document_id", "ordinal"]
    assert pl.concat([kept.select(keys), dropped.select(keys)]).sort(keys).equals(parsed.select(keys).sort(keys))
    assert kept.select(keys).equals(kept.select(keys).sort(keys))


@given(ROWS)
@settings(deadline=None, max_examples=150)
def test_offsets_point_at_each_element_in_its_documents_text(rows: list[tuple[str, str, str, int]]) -> None:
    kept, _ = clean(elements(*rows), HOW)
    documents = dict(document_text(kept).select("document_id", "text").iter_rows())
    for row in kept.iter_rows(named=True):
        assert documents[row["document_id"]][row["char_start"] : row["char_end"]] == row["text"]
    for document, text in documents.items():
        assert text.split("\n\n") == text_of(kept.filter(pl.col("document_id") == document))


@given(ROWS)
@settings(deadline=None, max_examples=150)
def test_clean_text_is_nfc_without_what_nobody_sees_and_stays_as_it_is(rows: list[tuple[str, str, str, int]]) -> None:
    kept, _ = clean(elements(*rows), HOW)
    for text, kind in kept.select("text", "kind").iter_rows():
        assert unicodedata.is_normalized("NFC", text)
        assert not set(text) & set("\x00\r\x85\u2028\u200b\u00ad\u202e\ufeff\u00a0\ufffe")
        assert text == "\n".join(line.rstrip(" \t") for line in text.split("\n"))
        assert kind == "code" or "  " not in text
    again, _ = clean(elements(*(("a", kind, text, 0) for text, kind in kept.select("text", "kind").iter_rows())), HOW)
    assert text_of(again) == text_of(kept)


@given(ROWS)
@settings(deadline=None, max_examples=60)
def test_a_document_is_cleaned_the_same_alone_and_among_others(rows: list[tuple[str, str, str, int]]) -> None:
    together, _ = clean(elements(*rows), HOW)
    for document in "abc":
        alone, _ = clean(elements(*(row for row in rows if row[0] == document)), HOW)
        assert alone.equals(together.filter(pl.col("document_id") == document * 32))


def test_a_vietnamese_statute_typed_in_pieces_is_put_together() -> None:
    kept, dropped = clean(
        elements(
            ("a", "header", "CÔNG BÁO", 1),
            ("a", "title", unicodedata.normalize("NFD", "Điều 1.\u00a0 Phạm vi\u200b điều chỉnh"), 1),
            ("a", "text", "Luật này\r\nquy định về\tquyền\u00ad tác giả.  \r\n\r\nĐoạn hai. ", 1),
            ("a", "page_number", "1", 1),
            ("a", "text", "—", 2),
            ("a", "text", "\u200b \n", 2),
        ),
        HOW,
    )
    assert kept.select("ordinal", "text", "char_start", "char_end").rows() == [
        (1, "Điều 1. Phạm vi điều chỉnh", 0, 26),
        (2, "Luật này\nquy định về quyền tác giả.\nĐoạn hai.", 28, 73),
    ]
    assert dropped.select("ordinal", "rule", "characters").rows() == [
        (0, "clean.page_furniture", 8),
        (3, "clean.page_furniture", 1),
        (4, "clean.too_short", 1),
        (5, "clean.empty", 0),
    ]


def test_joiners_stay_where_a_script_needs_them() -> None:
    kept, _ = clean(elements(("a", "text", "👨‍👩‍👧 می‌خواهم क्‍ष", 0), ("a", "text", "pass\u200dword\u200c!", 0)), HOW)
    assert text_of(kept) == ["👨‍👩‍👧 می‌خواهم क्‍ष", "password!"]


def test_code_keeps_its_indentation_and_prose_does_not() -> None:
    text = "if x:\n    y  = 1\n\n\n\tz"
    kept, _ = clean(elements(("a", "code", text, 0), ("a", "text", text, 0)), HOW)
    assert text_of(kept) == ["if x:\n    y  = 1\n\tz", "if x:\ny = 1\nz"]


def test_a_line_on_half_of_the_pages_is_boilerplate_whatever_its_numbers() -> None:
    pages = [
        ("a", "text", line, page)
        for page in range(1, 7)
        for line in (f"Confidential, page {page} of 6", f"Content {'abcdef'[page - 1]} here")
    ]
    assert rules(*pages) == dict.fromkeys(range(0, 12, 2), "clean.boilerplate")


def test_two_pages_make_no_boilerplate_and_neither_does_a_document_without_pages() -> None:
    assert rules(*(("a", "text", "Confidential", page) for page in (1, 2))) == {}
    assert rules(*(("a", "text", "Confidential", 0) for _ in range(9))) == {}
    assert (
        rules(
            *(("a", "text", "Confidential", page) for page in range(1, 4)),
            *(("a", "text", f"Page {'x' * page}", page) for page in range(4, 9)),
        )
        == {}
    )


def test_lines_of_one_document_never_make_boilerplate_of_anothers() -> None:
    assert rules(*((document, "text", "Confidential", 1) for document in "abc")) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x", {0: "clean.too_short"}), ("x1", {}), ("§ 4", {0: "clean.too_short"}), ("Ừ.", {0: "clean.too_short"}), ("是的", {})],
)
def test_an_element_with_too_few_letters_and_digits_is_dropped(text: str, expected: dict[int, str]) -> None:
    assert rules(("a", "text", text, 0)) == expected


def test_every_setting_is_in_the_fingerprint() -> None:
    assert cleaning_fingerprint(HOW) != cleaning_fingerprint(HOW.model_copy(update={"min_characters": 3}))
    assert cleaning_fingerprint(HOW) != cleaning_fingerprint(HOW.model_copy(update={"boilerplate_pages": 0.6}))
