"""Tables of a PDF page by the strokes that rule them: pdfplumber finds the cells, the text layer fills them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from parsing.headings import Raw
from parsing.html_table import CELL_SEPARATOR, rows_as_html
from parsing.pdf_layer import READER, Line, Page, Table, links_of, share, sound
from parsing.pdf_letters import Stroke

LEAST_STROKES = 4
"""Two lines, parted twice."""
_MOST_STROKES = 1_000
"""On a page; with more it is a drawing."""
_MOST_CROSSINGS = 2_000
"""The search for cells takes as long as their square."""
_NEAR = 3.0
"""Points between strokes that are meant to meet."""
_LEAST_ROWS = 2
_LEAST_COLUMNS = 2
_LONGEST_CELL = 400
"""Characters; a longer cell is a part of a page's layout."""
_FILLED = 0.3
"""Share of cells with text, below which strokes rule a form or nothing."""
_KEPT = 0.98
"""Share of words that cells and lines must have in common, or the lines stay as they are."""
_HALF = 0.5

Corners = tuple[float, float, float, float]
"""Left, bottom, right, top in points from the page's lower left corner."""


@dataclass(frozen=True, slots=True)
class _Grid:
    cells: tuple[tuple[Corners | None, ...], ...]
    """By row and column; None where a cell reaches in from the left or from above."""

    @property
    def corners(self) -> Corners:
        cells = [cell for row in self.cells for cell in row if cell]
        left, bottom, right, top = zip(*cells, strict=True)
        return min(left), min(bottom), max(right), max(top)


def read_tables(page: Any, read: Page, number: int, strokes: Sequence[Stroke], /) -> list[Table]:
    """Of an open pypdfium2 page, of which `read` was read. A table is only taken if its cells say what its lines say, no more, no less."""
    try:
        grids = list(_grids(strokes)) if len(strokes) <= _MOST_STROKES else []
    except (AssertionError, ArithmeticError, ValueError, KeyError, IndexError):  # Strokes of a hostile file: its lines stand.
        grids = []
    if not grids:
        return []
    layer = page.get_textpage()
    try:
        found = [table for grid in grids if (table := _table(layer, grid, read, number))]
    finally:
        layer.close()
    return [one for one in found if not any(one.lines < other.lines for other in found)]  # Tables in cells are said by their cells.


def _grids(strokes: Sequence[Stroke]) -> Iterator[_Grid]:
    from pdfplumber import table as plumber

    near = (_NEAR, _NEAR, _NEAR, _NEAR)
    edges = plumber.merge_edges([_edge(stroke) for stroke in strokes], *near)
    edges = plumber.merge_edges([*edges, *map(_edge, _ends(list(map(_stroke, edges))))], *near)
    crossings = plumber.edges_to_intersections(edges, _NEAR, _NEAR)
    cells = plumber.intersections_to_cells(crossings) if len(crossings) <= _MOST_CROSSINGS else []
    for found in plumber.cells_to_tables(cells):
        lefts, tops = sorted({cell[0] for cell in found}), sorted({cell[1] for cell in found})
        if len(lefts) >= _LEAST_COLUMNS and len(tops) >= _LEAST_ROWS:
            by_place = {(cell[1], cell[0]): (cell[0], -cell[3], cell[2], -cell[1]) for cell in found}
            yield _Grid(tuple(tuple(by_place.get((top, left)) for left in lefts) for top in tops))


def _edge(stroke: Stroke) -> dict[str, Any]:
    """As pdfplumber describes one: downwards from the top, which needs no height of the page."""
    left, bottom, right, top = stroke
    lying = right - left >= top - bottom
    where = {"x0": left, "x1": right, "top": -top, "bottom": -bottom, "doctop": -top}
    return where | {"width": right - left, "height": top - bottom, "orientation": "h" if lying else "v"}


def _stroke(edge: Mapping[str, Any]) -> Stroke:
    return Stroke(edge["x0"], -edge["bottom"], edge["x1"], -edge["top"])


def _ends(strokes: Sequence[Stroke]) -> Iterator[Stroke]:
    """Uprights at both ends of a band between two lines of one length, where other uprights part it: many tables have no outer border."""
    lying = sorted((one for one in strokes if one.right - one.left > one.top - one.bottom), key=lambda one: (one.left, one.right, one.top))
    upright = [one for one in strokes if one.right - one.left <= one.top - one.bottom]
    lengths: dict[tuple[int, int], list[Stroke]] = {}
    for one in lying:
        lengths.setdefault((round(one.left / _NEAR), round(one.right / _NEAR)), []).append(one)
    for rules in lengths.values():
        for lower, upper in pairwise(rules):
            band = Stroke(lower.left, lower.bottom, lower.right, upper.top)
            if any(_parts(one, band) for one in upright):
                yield Stroke(band.left, band.bottom, band.left, band.top)
                yield Stroke(band.right, band.bottom, band.right, band.top)


def _parts(stroke: Stroke, band: Stroke) -> bool:
    common = min(stroke.top, band.top) - max(stroke.bottom, band.bottom)
    return band.left + _NEAR < stroke.left < band.right - _NEAR and common > _HALF * (band.top - band.bottom)


def _table(layer: Any, grid: _Grid, read: Page, number: int) -> Table | None:
    inside = _lines_inside(read.lines, grid.corners)
    if not inside:
        return None
    rows = [[_text(layer, cell) for cell in row] for row in grid.cells]
    rows = [row for row in rows if any(row)]
    columns = [column for column in zip(*rows, strict=True) if any(column)]
    if len(rows) < _LEAST_ROWS or len(columns) < _LEAST_COLUMNS:
        return None
    rows = [list(row) for row in zip(*columns, strict=True)]
    cells = [cell for row in rows for cell in row]
    if sum(map(bool, cells)) < _FILLED * len(cells) or max(map(len, cells)) > _LONGEST_CELL:
        return None
    if not _say_the_same(cells, [read.lines[place].text for place in inside]):
        return None
    text = "\n".join(CELL_SEPARATOR.join(row).rstrip(" |") for row in rows)
    links = links_of([read.lines[place] for place in inside])
    return Table(
        Raw("table", text, rows_as_html(rows), number, reader=READER, box=share(grid.corners, read), links=links), frozenset(inside)
    )


def _lines_inside(lines: Sequence[Line], corners: Corners) -> list[int]:
    """Places of the lines that stand in it; none if a line reaches out of it."""
    left, bottom, right, top = corners
    inside = []
    for place, line in enumerate(lines):
        middle = (line.bottom + line.top) / 2
        if bottom < middle < top and line.left < right and line.right > left:
            if line.left < left - _NEAR or line.right > right + _NEAR:
                return []
            inside.append(place)
    return inside


def _text(layer: Any, cell: Corners | None) -> str:
    return "" if cell is None else " ".join(sound(layer.get_text_bounded(*cell)).split())


def _say_the_same(cells: Sequence[str], lines: Sequence[str]) -> bool:
    """Word by word, since strokes that only look like a table cut words in two."""
    found, expected = (Counter(word for text in texts for word in text.split()) for texts in (cells, lines))
    return (found & expected).total() >= _KEPT * max(found.total(), expected.total())
