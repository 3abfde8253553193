"""Links of a PDF page: where they lie, what they stand on and where they lead."""

import ctypes
from collections.abc import Iterator
from typing import Any, NamedTuple

from pypdfium2 import raw as pdfium  # type: ignore[import-untyped]

from parsing.headings import Link

Corners = tuple[float, float, float, float]
"""Left, bottom, right and top in points from the page's lower left corner."""
_MOST = 10_000


class Anchor(NamedTuple):
    """A link and its place."""

    corners: Corners
    link: Link


def read_anchors(page: Any, layer: Any, /) -> list[Anchor]:
    """Links out of the file from an open pypdfium2 page; jumps within it are none."""
    return [
        Anchor(corners, Link(" ".join(layer.get_text_bounded(*corners).split()), target))
        for annotation in _annotations(page)
        if (target := _target(page, annotation)) and (corners := _corners(annotation))
    ]


def _annotations(page: Any) -> Iterator[Any]:
    place, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    for _ in range(_MOST):
        if not pdfium.FPDFLink_Enumerate(page, ctypes.byref(place), ctypes.byref(link)):
            return
        yield link


def _target(page: Any, link: Any) -> str:
    action = pdfium.FPDFLink_GetAction(link)
    if not action or pdfium.FPDFAction_GetType(action) != pdfium.PDFACTION_URI:
        return ""
    size = pdfium.FPDFAction_GetURIPath(page.pdf, action, None, 0)
    address = ctypes.create_string_buffer(size)
    pdfium.FPDFAction_GetURIPath(page.pdf, action, address, size)
    return address.value.decode("utf-8", "replace")


def _corners(link: Any) -> Corners | None:
    edges = pdfium.FS_RECTF()
    if not pdfium.FPDFLink_GetAnnotRect(link, ctypes.byref(edges)):
        return None
    (left, right), (bottom, top) = sorted((edges.left, edges.right)), sorted((edges.bottom, edges.top))
    return left, bottom, right, top
