"""Laws of the measure by which nothing is lost in silence."""

import io
import random

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsing.coverage import coverage, missing_lines
from parsing.second_reader import second_text, visible_text

WORDS = st.lists(st.text(st.characters(categories=("L", "Nd")), min_size=1, max_size=9), min_size=1, max_size=30)


@given(WORDS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=100)
def test_the_same_words_in_another_order_are_all_of_it(words: list[str], chance: random.Random) -> None:
    shuffled = chance.sample(words, len(words))
    assert coverage([" ".join(shuffled)], " ".join(words)) in (1, None)  # None: no word is left when it is folded.


@given(WORDS)
@settings(deadline=None, max_examples=100)
def test_a_word_cut_in_two_is_not_lost(words: list[str]) -> None:
    text = " ".join(words)
    assert coverage([text.replace(" ", "")], text) in (1, None)
    assert coverage([" ".join(text)], text) in (1, None)


@given(st.integers(1, 40), st.integers(0, 40))
@settings(deadline=None)
def test_a_part_that_is_missing_is_missing_from_the_share(kept: int, lost: int) -> None:
    words = [f"word{number:04}x{number * 7919 % 10007}" for number in range(kept + lost)]
    share = coverage([" ".join(words[:kept])], " ".join(words))
    assert share is not None
    assert share == pytest.approx(kept / (kept + lost), abs=0.25)
    assert (share == 1) == (lost == 0)


def test_a_text_that_stands_twice_must_come_out_twice() -> None:
    share = coverage(["the same line of words"], "the same line of words\nthe same line of words")
    assert share is not None
    assert share <= 0.55


def test_nothing_expected_says_nothing() -> None:
    assert coverage(["anything"], " \n-- ") is None


@given(st.lists(WORDS.map(" ".join), min_size=1, max_size=8), st.data())
@settings(deadline=None, max_examples=100)
def test_what_was_found_and_the_missing_lines_are_all_of_it(lines: list[str], data: st.DataObject) -> None:
    found = [line for line in lines if data.draw(st.booleans())]
    whole = [*found, *missing_lines(found, "\n".join(lines))]
    share = coverage(whole, "\n".join(lines))
    assert share is None or share >= 0.5
    assert missing_lines(lines, "\n".join(lines)) == []


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=40))
@settings(deadline=None, max_examples=100)
def test_a_page_shows_its_paragraphs_and_none_of_its_scripts(text: str) -> None:
    import html

    page = f"<head><title>no</title></head><body><script>no()</script><p>{html.escape(text)}</p><select><option>no</select></body>"
    assert visible_text(page).split() == text.split()


def test_notes_footers_and_cells_are_found_by_the_second_reader() -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Plan"
    slide.notes_slide.notes_text_frame.text = "Say it slowly"
    assert {"Plan", "Say it slowly"} <= set((second_text(_saved(deck), "pptx") or "").splitlines())
    book = openpyxl.Workbook()
    book.active.append(("Ghế", 4, "=1+1"))
    assert second_text(_saved(book), "xlsx") == "Ghế"
    document = docx.Document()
    document.add_paragraph("One")
    document.add_table(rows=1, cols=1).cell(0, 0).text = "Two"
    assert (second_text(_saved(document), "docx") or "").split() == ["One", "Two"]


def _saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def test_a_formula_of_a_word_file_is_text_in_its_place() -> None:
    from docx.oxml import parse_xml

    from parsing.formulas import with_formulas

    document = docx.Document()
    paragraph = document.add_paragraph("The energy is ")
    math = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    letters = {letter: f"<m:r><m:t>{letter}</m:t></m:r>" for letter in "Emc2ab"}
    raised = f"<m:sSup><m:e>{letters['c']}</m:e><m:sup>{letters['2']}</m:sup></m:sSup>"
    fraction = f"<m:f><m:fPr/><m:num>{letters['a']}</m:num><m:den>{letters['b']}</m:den></m:f>"
    paragraph._p.append(parse_xml(f"<m:oMath {math}>{letters['E']}{letters['m']}{raised}{fraction}</m:oMath>"))
    paragraph.add_run(" at rest.")
    changed = docx.Document(io.BytesIO(with_formulas(_saved(document))))
    assert [one.text for one in changed.paragraphs] == ["The energy is Em c^2 a/b at rest."]
    plain = _saved(docx.Document())
    assert with_formulas(plain) is plain
