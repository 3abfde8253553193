"""OpenDocument spreadsheets and presentations, from their one content file."""

import io
import zipfile
from collections.abc import Iterator

from lxml import etree  # type: ignore[import-untyped]

from parsing.headings import Raw
from parsing.html_table import CELL_SEPARATOR, rows_as_html

_SPACE = {
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "presentation": "urn:oasis:names:tc:opendocument:xmlns:presentation:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
}
_REPEATED = f"{{{_SPACE['table']}}}number-columns-repeated"
_MAX_REPEATED = 64
"""A sheet's empty end is one cell repeated thousands of times."""


def read_ods(content: bytes, /) -> list[Raw]:
    """One table a sheet; pages are sheets, whose names stand above it."""
    sheets = _find(_content(content), "//table:table")
    name = f"{{{_SPACE['table']}}}name"
    return [_table(sheet, number, sheet.get(name, "")) for number, sheet in enumerate(sheets, start=1)]


def read_odp(content: bytes, /) -> list[Raw]:
    """Pages are slides; what the title's placeholder holds is a title."""
    slides = _find(_content(content), "//draw:page")
    return [raw for number, slide in enumerate(slides, start=1) for raw in _slide(slide, number)]


def _content(content: bytes) -> etree._Element:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return etree.fromstring(archive.read("content.xml"), etree.XMLParser(resolve_entities=False, no_network=True))


def _slide(slide: etree._Element, number: int) -> Iterator[Raw]:
    kind_of_frame = f"{{{_SPACE['presentation']}}}class"
    for frame in _find(slide, "./draw:*|./presentation:notes/draw:*[@presentation:class='notes']"):
        tables = _find(frame, ".//table:table")
        if tables:
            yield from (_table(table, number, "") for table in tables)
            continue
        is_title = frame.get(kind_of_frame) == "title"
        for paragraph in _find(frame, ".//text:p"):
            in_list = bool(_find(paragraph, "ancestor::text:list"))
            kind = "title" if is_title else "list_item" if in_list else "text"
            yield Raw(kind, _text(paragraph), page=number, depth=0 if is_title else None)


def _table(table: etree._Element, page: int, name: str) -> Raw:
    rows = [row for row in map(_cells, _find(table, ".//table:table-row")) if row]
    return Raw("table", "\n".join(CELL_SEPARATOR.join(row) for row in rows), rows_as_html(rows), page, above=name)


def _cells(row: etree._Element) -> list[str]:
    cells: list[str] = []
    for cell in _find(row, "./table:table-cell|./table:covered-table-cell"):
        text = " ".join(_text(paragraph) for paragraph in _find(cell, ".//text:p"))
        cells += [text] * min(int(cell.get(_REPEATED, "1")), _MAX_REPEATED)
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(node: etree._Element) -> str:
    return " ".join("".join(node.itertext()).split())


def _find(node: etree._Element, path: str) -> list[etree._Element]:
    return list(node.xpath(path, namespaces=_SPACE))
