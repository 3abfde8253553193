"""Tables of PDF files: what strokes rule, cell by cell, and nothing twice."""

import io
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas

from benchmarks.parsing_structure import outline_of_elements, outline_of_markdown, structure_f1
from parsing.headings import Raw
from parsing.pdf import read_pdf
from parsing.pdf_layer import Page
from parsing.pdf_letters import Stroke
from parsing.pdf_tables import read_tables
from parsing.reading import How, Read

LEFT, TOP, WIDTH, HEIGHT = 72, 700, 120, 30
WORDS = st.text("abcdefgh", min_size=1, max_size=8)


class Paper:
    """A page in the making. Rows are counted from the top of a table, columns from its left."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self.canvas = Canvas(self._buffer, pagesize=(595, 842))

    def write(self, text: str, *, row: float, column: float = 0) -> None:
        self.canvas.drawString(LEFT + 5 + column * WIDTH, TOP - 20 - row * HEIGHT, text)

    def fill(self, rows: Sequence[Sequence[str]]) -> None:
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                self.write(text, row=row, column=column)

    def rule(self, rows: int, columns: int, *, border: bool = True) -> None:
        """Lines between rows, above and below, and between columns; uprights at both ends, if it has a border."""
        for row in range(rows + 1):
            self.canvas.line(LEFT, TOP - row * HEIGHT, LEFT + columns * WIDTH, TOP - row * HEIGHT)
        for column in range(columns + 1) if border else range(1, columns):
            self.canvas.line(LEFT + column * WIDTH, TOP, LEFT + column * WIDTH, TOP - rows * HEIGHT)

    def read(self) -> list[Raw]:
        self.canvas.save()
        found = read_pdf(self._buffer.getvalue(), How())
        assert isinstance(found, Read)
        assert found.coverage is None or found.coverage > 0.99
        return found.elements


def cells(table: Raw) -> list[list[str]]:
    rows = lxml_html.fromstring(table.html).iter("tr")
    return [[cell.text_content() for cell in row] for row in rows]


def tables(elements: list[Raw]) -> list[Raw]:
    return [one for one in elements if one.kind == "table"]


@pytest.mark.parametrize("border", [True, False])
@given(rows=st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(WORDS, min_size=width, max_size=width), min_size=2, max_size=6)))
@settings(max_examples=15, deadline=None)
def test_every_cell_of_a_ruled_table_is_in_its_place_and_nowhere_else(border: bool, rows: list[list[str]]) -> None:
    paper = Paper()
    paper.write("What stands above it.", row=-2)
    paper.rule(len(rows), len(rows[0]), border=border)
    paper.fill(rows)
    paper.write("What stands below it.", row=len(rows) + 2)
    elements = paper.read()
    (table,) = tables(elements)
    assert cells(table) == rows
    assert [one.text for one in elements] == ["What stands above it.", table.text, "What stands below it."]
    assert table.text == "\n".join(" | ".join(row) for row in rows)


def test_a_cell_over_two_columns_stands_in_the_first_and_leaves_the_second_empty() -> None:
    paper = Paper()
    paper.rule(2, 2)
    paper.canvas.setStrokeColorRGB(0, 0, 0)
    paper.canvas.rect(LEFT, TOP, 2 * WIDTH, HEIGHT)
    paper.fill([["north", "south"], ["one", "two"]])
    paper.write("both", row=-1)
    (table,) = tables(paper.read())
    assert cells(table) == [["both", ""], ["north", "south"], ["one", "two"]]


def test_what_a_line_of_the_text_crosses_is_no_table() -> None:
    paper = Paper()
    paper.rule(2, 2)
    paper.write("this sentence runs through what only looks like cells, far out to the right", row=0)
    paper.write("and so does this one, which leaves no doubt about it whatever it says", row=1)
    assert not tables(paper.read())


def test_a_frame_around_text_is_no_table() -> None:
    paper = Paper()
    paper.rule(1, 1)
    paper.write("a notice", row=0)
    assert not tables(paper.read())


def test_a_table_inside_a_cell_is_said_once() -> None:
    paper = Paper()
    paper.rule(2, 2)
    for place in (5, 55, 105):
        paper.canvas.line(LEFT + place, TOP - 4, LEFT + place, TOP - 26)
    for level in (4, 15, 26):
        paper.canvas.line(LEFT + 5, TOP - level, LEFT + 105, TOP - level)
    paper.canvas.setFont("Helvetica", 8)
    for text, across, down in (("inner", 10, 12), ("table", 60, 12), ("cell", 10, 23), ("other", 60, 23)):
        paper.canvas.drawString(LEFT + across, TOP - down, text)
    paper.write("beside", row=0, column=1)
    paper.fill([["", ""], ["below", "last"]])
    elements = paper.read()
    said = " ".join(one.text for one in elements).split()
    assert len(tables(elements)) == 1
    assert all(said.count(word) == 1 for word in ("inner", "table", "cell", "other", "beside", "below", "last"))


def test_a_drawing_of_many_strokes_is_no_table() -> None:
    """A search for its cells would not end."""
    paper = Paper()
    for place in range(400):
        paper.canvas.line(LEFT + place, 100, LEFT + place, 500)
        paper.canvas.line(LEFT, 100 + place, LEFT + 400, 100 + place)
    paper.write("a map", row=-1)
    assert not tables(paper.read())


def test_strokes_that_are_nowhere_rule_no_table_and_cost_no_text() -> None:
    nowhere = [Stroke(0.0, float("nan"), float("inf"), 1.0), Stroke(float("-inf"), 0.0, 0.0, float("inf"))] * 4
    assert read_tables(None, Page(595, 842, "", (), 0, 0.0), 1, nowhere) == []


def test_the_yardstick_of_structure_takes_a_list_item_s_number_for_markup() -> None:
    elements = [{"kind": "list_item", "text": "2. Wear a helmet", "html": None}, {"kind": "title", "text": "2. Safety", "html": None}]
    assert structure_f1(outline_of_elements(elements), outline_of_markdown("# 2. Safety\n\n2. Wear a helmet")) == 1.0
