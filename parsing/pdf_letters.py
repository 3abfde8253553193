"""How many letters stand on each page of a PDF by pdfminer's count, which shares nothing with the reader of the text layer."""

import io
import unicodedata
from collections import Counter
from collections.abc import Collection

Letters = Counter[str]


def count_letters(content: bytes, skipped: Collection[int], /) -> list[Letters | None]:
    """The letters and digits on each page, folded, one at a place; None for a page that was skipped or cannot be read.

    Pages count from 0. A file that cannot be read at all gives an empty list.
    """
    from pdfminer.converter import PDFPageAggregator
    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage

    resources = PDFResourceManager()
    device = PDFPageAggregator(resources, laparams=None)
    interpreter = PDFPageInterpreter(resources, device)
    counts: list[Letters | None] = []
    try:
        for number, page in enumerate(PDFPage.get_pages(io.BytesIO(content))):
            if number in skipped:
                counts.append(None)
                continue
            try:
                interpreter.process_page(page)
                counts.append(_letters(device.get_result()))
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


def _letters(page: object) -> Letters:
    from pdfminer.layout import LTChar, LTContainer, LTPage

    assert isinstance(page, LTPage)
    seen: set[tuple[str, int, int]] = set()
    texts: list[str] = []
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
    return letters_of("".join(texts))
