"""PDF by its text layer, checked against a second reader so that nothing is lost in silence."""

import io
import re
from typing import Any

import pypdfium2  # type: ignore[import-untyped]

from contracts.results import Failure
from parsing.headings import Raw
from parsing.partition import as_raw

_ENOUGH = 0.6
"""Share of the second reader's characters below which the first has lost something."""
_ARABIC_OR_HEBREW = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LINE_HYPHEN = re.compile("\ufffe\r?\n?")


def read_pdf(content: bytes, /) -> list[Raw] | Failure:
    """Elements as unstructured sees them; where it sees under 60 % of the text layer, one text element a page instead.

    So it is for scripts written from right to left, whose letters unstructured gives in the order of the eye, not of reading.
    """
    try:
        pages = _text_layer(content)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            return Failure("pdf.encrypted", "a PDF locked with a password", "Take the password off, or put a readable copy in its place.")
        return Failure("file.corrupt", f"pdf: {error}", "Fetch the file again, or print it to a new PDF.")
    layer = sum(map(_characters, pages))
    elements = _elements(content)
    if elements and sum(_characters(one.text) for one in elements) >= _ENOUGH * layer and not _right_to_left(pages):
        return elements
    if layer:
        return [Raw("text", text, page=number) for number, text in enumerate(pages, start=1)]
    number = f"{len(pages)} page" + ("" if len(pages) == 1 else "s")
    return Failure("pdf.no_text_layer", f"{number}, no text layer: a scan", "Run it through OCR and put the result in its place.")


def _text_layer(content: bytes) -> list[str]:
    """Each page's text that lies on the page."""
    with pypdfium2.PdfDocument(content) as document:
        texts = []
        for page in document:
            layer = page.get_textpage()
            texts.append(_LINE_HYPHEN.sub("", layer.get_text_bounded()).replace("\r\n", "\n"))
            layer.close()
            page.close()
        return texts


def _elements(content: bytes) -> list[Raw]:
    from unstructured.partition.pdf import partition_pdf

    try:
        found = partition_pdf(file=io.BytesIO(content), strategy="fast", languages=["eng"])
    except MemoryError:
        raise
    except Exception:
        return []  # The text layer stands in for it, or says that there is none.
    return as_raw([element for element in found if _on_page(element)], pages=True)


def _on_page(element: Any) -> bool:
    """Whether a reader of the page could see any of it."""
    place = element.metadata.coordinates
    if place is None or not place.points or place.system is None:
        return True
    across, down = [point[0] for point in place.points], [point[1] for point in place.points]
    return bool(max(across) > 0 and min(across) < place.system.width and max(down) > 0 and min(down) < place.system.height)


def _right_to_left(pages: list[str]) -> bool:
    sample = "".join(pages)[:20_000]
    return len(_ARABIC_OR_HEBREW.findall(sample)) > sum(map(str.isalpha, sample)) / 3


def _characters(text: str) -> int:
    return sum(map(len, text.split()))
