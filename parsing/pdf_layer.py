"""The text layer of a PDF as pypdfium2 reads it: lines with their places, joined to paragraphs and titles by their sizes and gaps."""

import ctypes
import math
import re
import statistics
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from pypdfium2 import raw as pdfium  # type: ignore[import-untyped]

from parsing.headings import Box, Link, Raw
from parsing.pdf_links import Anchor, read_anchors

READER = "pypdfium2"
_LINE_HYPHEN = re.compile("[\ufffe\x02]\r?\n?")
_LOOSE_ACCENT = re.compile("(?<=\\w)[ \t]+(?=[\u0300-\u036f])")
"""An accent is drawn over the letter before it, wherever the file puts it: a space between them is none."""
_RIGHT_TO_LEFT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_TWO_WAYS = re.compile(f"(?<=[{_RIGHT_TO_LEFT}])(?=[A-Za-z])|(?<=[A-Za-z])(?=[{_RIGHT_TO_LEFT}])")
"""Where a Latin word stands in an Arabic or Hebrew line, the library leaves out the spaces around it."""
_BULLET = re.compile(r"(?:[•‣◦▪●■–—*-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)])\s+\S")
_TITLE_SIZE = 1.1
"""Times the size that most of the document is set in."""
_NUMBERED_TITLE_SIZE = 1.3
_SAME_SIZE = 0.1
_BOLD = re.compile("bold|black|heavy|demi|(?:^|[+])(?:SFBX|CMBX)", re.IGNORECASE)
_LONGEST_NAME = 128
_SHORT = 0.85
"""Of the way to where the page's longest line ends: a line that ends before it ends its list item."""
_GAP = 0.75
"""Between two lines of one paragraph, in heights of a line."""
_LONGEST_TITLE = 200
_LONGEST_BOLD_TITLE = 100


class Line(NamedTuple):
    """A line of a page, its place in points from the page's lower left corner."""

    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float
    bold: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What a page holds. `objects` counts what is drawn on it, text included; `pictures` the share of it that pictures cover, at most 1."""

    width: float
    height: float
    text: str
    """All that lies on the page, line ends `\\n`."""
    lines: tuple[Line, ...]
    objects: int
    pictures: float


def read_page(page: Any, /) -> Page:
    """A page of an open pypdfium2 document."""
    width, height = page.get_size()
    layer = page.get_textpage()
    try:
        text = sound(layer.get_text_bounded()).replace("\r\n", "\n")
        anchors = read_anchors(page, layer)
        lines = tuple(_linked(line, anchors) for line in _on_page(_lines(layer), page.get_bbox())) if text.strip() else ()
    finally:
        layer.close()
    return Page(width, height, text, lines, pdfium.FPDFPage_CountObjects(page), 0.0 if text.strip() else _pictures(page, width * height))


class Table(NamedTuple):
    """A table and which of its page's lines it says, by their places."""

    element: Raw
    lines: frozenset[int]


def paragraphs(pages: Sequence[Page], tables: Mapping[int, Sequence[Table]], /) -> list[list[Raw]]:
    """Each page's lines as paragraphs, list items and titles, with their places; every line is in exactly one of them or in a table.

    A title is set in a larger size than most of the document; the larger the size, the higher the title.
    """
    body = _body(pages)
    found = [list(_elements(page, number, body, tables.get(number, ()))) for number, page in enumerate(pages, start=1)]
    sizes = sorted({_size(lines) for blocks in found for raw, lines in blocks if raw.kind == "title"}, reverse=True)
    depths = {size: depth for depth, size in enumerate(sizes)}
    return [[raw._replace(depth=depths[_size(lines)]) if raw.kind == "title" else raw for raw, lines in blocks] for blocks in found]


def _elements(page: Page, number: int, body: tuple[float, bool], tables: Sequence[Table]) -> Iterator[tuple[Raw, list[Line]]]:
    """Each with its lines; a table stands, without any, where its first line stood."""
    owners = {place: table for table in tables for place in table.lines}
    edge = max((line.right for line in page.lines), default=0.0)
    said: set[Table] = set()
    for table, places in groupby(range(len(page.lines)), owners.get):
        if table is None:
            yield from ((_block(lines, page, number, body), lines) for lines in _blocks([page.lines[place] for place in places], edge))
        elif table not in said:
            said.add(table)
            yield table.element, []


def _body(pages: Sequence[Page]) -> tuple[float, bool]:
    """The size in which most characters of the document are set, and whether they are bold; 0 where there are none."""
    weights: dict[tuple[float, bool], int] = {}
    for page in pages:
        for line in page.lines:
            style = (round(line.size, 1), line.bold)
            weights[style] = weights.get(style, 0) + len(line.text)
    return max(weights, key=lambda style: weights[style], default=(0.0, False))


def _lines(layer: Any) -> Iterator[Line]:
    """Lines as the library ends them. Its text has a character an index, generated ones included."""
    text = layer.get_text_range(errors="replace")
    start = 0
    for line in re.split(r"(\r\n)", text):
        stop = start + len(line)
        seen = [index for index in range(start, stop) if not text[index].isspace()]
        if seen:
            first, last = _box(layer, seen[0]), _box(layer, seen[-1])
            left, bottom, right, top = (side(ends) for side, ends in zip((min, min, max, max), zip(first, last, strict=True), strict=True))
            sampled = (seen[0], seen[len(seen) // 2], seen[-1])
            size = statistics.median(_size_of(layer, index) for index in sampled) or first[3] - first[1]
            yield Line(line, left, bottom, right, top, size, all(_is_bold(layer, index) for index in sampled))
        start = stop


def _size_of(layer: Any, index: int) -> float:
    """In points on the page: some programs set everything in one size and scale it."""
    matrix = pdfium.FS_MATRIX()
    scaled = pdfium.FPDFText_GetMatrix(layer, index, ctypes.byref(matrix))
    scale = math.hypot(matrix.b, matrix.d) if scaled else 1.0
    return float(pdfium.FPDFText_GetFontSize(layer, index)) * scale


def _is_bold(layer: Any, index: int) -> bool:
    """By its font's name, since few files say a weight."""
    name = ctypes.create_string_buffer(_LONGEST_NAME)
    pdfium.FPDFText_GetFontInfo(layer, index, name, _LONGEST_NAME, None)
    return bool(_BOLD.search(name.value.decode("utf-8", "replace")))


def _box(layer: Any, index: int) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a character with the room around it, the same for all letters of a line."""
    rectangle = pdfium.FS_RECTF()
    if not pdfium.FPDFText_GetLooseCharBox(layer, index, ctypes.byref(rectangle)):
        return 0.0, 0.0, 0.0, 0.0
    return rectangle.left, rectangle.bottom, rectangle.right, rectangle.top


def _on_page(lines: Iterator[Line], box: tuple[float, float, float, float]) -> Iterator[Line]:
    left, bottom, right, top = box
    for line in lines:
        if line.right > left and line.left < right and line.top > bottom and line.bottom < top:
            yield line._replace(text=sound(line.text))


def _linked(line: Line, anchors: Sequence[Anchor]) -> Line:
    """With the links that lie on it."""
    if not anchors:
        return line
    middle = (line.bottom + line.top) / 2
    places = ((left < line.right and right > line.left and bottom < middle < top, link) for (left, bottom, right, top), link in anchors)
    return line._replace(links=tuple(link for lies, link in places if lies))


def sound(text: str, /) -> str:
    """With words whole that a line's end cuts, accents on their letters, and words of two directions apart."""
    return unicodedata.normalize("NFC", _TWO_WAYS.sub(" ", _LOOSE_ACCENT.sub("", _LINE_HYPHEN.sub("", text))))


def _pictures(page: Any, area: float) -> float:
    covered = 0.0
    for image in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,), max_depth=4):
        left, bottom, right, top = image.get_bounds()
        covered += max(0.0, right - left) * max(0.0, top - bottom)
    return min(1.0, covered / area) if area else 0.0


def _blocks(lines: Sequence[Line], edge: float) -> Iterator[list[Line]]:
    """`edge`: where the page's longest line ends."""
    block: list[Line] = []
    for line in lines:
        if block and (not _goes_on(block[-1], line) or _ends_item(block, line, edge)):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _goes_on(above: Line, below: Line) -> bool:
    """Whether a line is of one paragraph with the line before it."""
    if _BULLET.match(below.text):
        return False
    height = max(above.top - above.bottom, 1e-3)
    beside = below.top > above.bottom + height / 2 and below.left >= above.right - height
    if beside:
        return True  # A superscript, or the rest of a formula.
    if above.bold != below.bold:
        return False
    same = abs(above.size - below.size) <= _SAME_SIZE * max(above.size, below.size)
    near = -height / 2 <= above.bottom - below.top <= _GAP * height
    return same and near and below.left < above.right and below.right > above.left


def _ends_item(block: Sequence[Line], below: Line, edge: float) -> bool:
    """Whether a line that is not set in under a list item begins something else, since the line before it had room for more."""
    first, last = block[0], block[-1]
    return bool(_BULLET.match(first.text)) and below.left <= first.left + 1 and last.right < _SHORT * edge


def _block(lines: Sequence[Line], page: Page, number: int, body: tuple[float, bool]) -> Raw:
    text = "\n".join(line.text for line in lines)
    kind = "list_item" if _BULLET.match(text) else "text"
    if _is_title(text, lines, *body):
        kind = "title"
    return Raw(kind, text, page=number, reader=READER, box=share(_corners(lines), page), links=links_of(lines))


def links_of(lines: Sequence[Line], /) -> tuple[Link, ...]:
    """All links on these lines; one that goes on in the next line is one."""
    return tuple(dict.fromkeys(link for line in lines for link in line.links))


def _is_title(text: str, lines: Sequence[Line], size: float, bold: bool) -> bool:
    """Larger than the body, or bold in a few words where the body is not."""
    if not size or len(text) > _LONGEST_TITLE or sum(map(str.isalpha, text)) < 2:
        return False
    is_bold = all(line.bold for line in lines)
    if _size(lines) >= (_TITLE_SIZE if is_bold or not _BULLET.match(text) else _NUMBERED_TITLE_SIZE) * size:
        return True
    few = len(text) <= _LONGEST_BOLD_TITLE and not text.rstrip().endswith((".", ",", ";", ":"))
    return few and not bold and is_bold and _size(lines) >= size * (1 - _SAME_SIZE)


def _size(lines: Sequence[Line]) -> float:
    return round(statistics.median(line.size for line in lines), 1)


def _corners(lines: Sequence[Line]) -> tuple[float, float, float, float]:
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    return left, min(line.bottom for line in lines), right, max(line.top for line in lines)


def share(corners: tuple[float, float, float, float], page: Page, /) -> Box:
    """Left, top, right and bottom as shares of the page, from its upper left corner, of left, bottom, right and top in points."""
    left, bottom, right, top = corners
    places = (left / page.width, 1 - top / page.height, right / page.width, 1 - bottom / page.height)
    return tuple(round(min(max(place, 0.0), 1.0), 4) for place in places)  # type: ignore[return-value]
