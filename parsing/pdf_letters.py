"""What is drawn on each page of a PDF by pdfminer, which shares nothing with the reader of the text layer: letters and strokes."""

import io
import unicodedata
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pdfminer.layout import LTCurve

Letters = Counter[str]
_THIN = 2.0
"""Points: what is drawn no wider or no higher is a stroke."""


class Stroke(NamedTuple):
    """A line that lies or stands, in points from the page's lower left corner."""

    left: float
    bottom: float
    right: float
    top: float


class Drawn(NamedTuple):
    """What pdfminer finds on a page: its letters and digits, folded, one at a place, and the strokes between them."""

    letters: Letters
    strokes: tuple[Stroke, ...]


def read_drawn(content: bytes, skipped: Collection[int], /) -> list[Drawn | None]:
    """What is drawn on each page; None for a page that was skipped or cannot be read.

    Pages count from 0. A file that cannot be read at all gives an empty list.
    """
    from pdfminer.converter import PDFPageAggregator
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage

    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=None)
    interpreter = PDFPageInterpreter(resources, device)
    counts: list[Drawn | None] = []
    try:
        for number, page in enumerate(PDFPage.get_pages(io.BytesIO(content))):
            if number in skipped:
                counts.append(None)
                continue
            try:
                interpreter.process_page(page)
                counts.append(_drawn(device.get_result()))
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, RecursionError):
                counts.append(None)
    except MemoryError:
        raise
    except Exception:  # A library of a hundred thousand inputs: what it stumbles over is not counted, and the caller says so.
        return counts
    return counts


def letters_of(text: str, /) -> Letters:
    """The same count of a text."""
    return Counter(letter for letter in unicodedata.normalize("NFKD", text).casefold() if letter.isalnum())


def share_of_letters(found: Letters, expected: Letters, /) -> tuple[int, int]:
    """(letters of the expected ones that were found, letters expected)."""
    return (found & expected).total(), expected.total()


def _drawn(page: object) -> Drawn:
    from pdfminer.layout import LTChar, LTContainer, LTCurve, LTPage

    assert isinstance(page, LTPage)
    seen: set[tuple[str, int, int]] = set()
    texts: list[str] = []
    strokes: list[Stroke] = []
    waiting: list[object] = [page]
    while waiting:
        found = waiting.pop()
        if isinstance(found, LTChar):
            place = (found.get_text(), round(found.x0), round(found.y0))
            on_page = found.x1 > page.x0 and found.x0 < page.x1 and found.y1 > page.y0 and found.y0 < page.y1
            if on_page and place not in seen and not place[0].startswith("(cid:"):
                seen.add(place)
                texts.append(place[0])
        elif isinstance(found, LTContainer):
            waiting.extend(found)
        elif isinstance(found, LTCurve):
            strokes += _strokes(found)
    return Drawn(letters_of("".join(texts)), tuple(strokes))


def _strokes(curve: "LTCurve") -> list[Stroke]:
    """The sides of a rectangle, a line or a rectangle as thin as a line; nothing of what is round or slanting."""
    from pdfminer.layout import LTRect

    left, bottom, right, top = curve.bbox
    if right - left <= _THIN or top - bottom <= _THIN:
        return [Stroke(left, bottom, right, top)]
    if not isinstance(curve, LTRect):
        return []
    across = [Stroke(left, level, right, level) for level in (bottom, top)]
    return across + [Stroke(place, bottom, place, top) for place in (left, right)]
