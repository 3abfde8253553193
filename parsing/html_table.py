"""A table's text, a row a line."""

import csv
import html
import io
from collections.abc import Iterable, Sequence

from lxml import html as lxml_html  # type: ignore[import-untyped]

CELL_SEPARATOR = " | "


def rows_as_text(table: str, /) -> str:
    """Captions, then every cell's text; cells of a row joined by ' | ', rows by line ends. Without empty rows and empty ends of rows."""
    root = lxml_html.fromstring(table)
    for line_break in root.iter("br"):
        line_break.tail = " " + (line_break.tail or "")
    captions = (" ".join(caption.text_content().split()) for caption in root.xpath(".//caption"))
    rows = ([" ".join(cell.text_content().split()) for cell in row.xpath("./td|./th")] for row in root.iter("tr"))
    lines = (line for row in rows if (line := CELL_SEPARATOR.join(row).rstrip(" |")))
    return "\n".join([*filter(None, captions), *lines])


def rows_as_html(rows: Iterable[Sequence[str]], /) -> str:
    """The same rows as HTML, each as long as it is."""
    lines = ("<tr>" + "".join(f"<td>{html.escape(cell, quote=False)}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table>" + "".join(lines) + "</table>"


def rows_of_csv(text: str, delimiter: str, /) -> list[list[str]]:
    """Cells of every line that has any, ragged or not."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return [cells for row in reader if any(cells := [" ".join(cell.split()) for cell in row])]
