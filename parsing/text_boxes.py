"""Text boxes of a Word file and what it says of its pictures, which unstructured leaves out though whole forms are made of them."""

import io
import zipfile
from collections.abc import Iterator

from lxml import etree  # type: ignore[import-untyped]

from parsing.headings import Raw

_SPACE = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wpg": "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup",
}
_PIECES = "./w:r/*[self::w:t or self::w:br]|./*/w:r/*[self::w:t or self::w:br]"
_BOXES = "//w:txbxContent[not(ancestor::mc:Fallback)]"
"""The fallback repeats the box for old programs."""
_DESCRIPTIONS = "//*[(local-name()='docPr' or local-name()='cNvPr' and ancestor::wpg:wgp) and not(ancestor::mc:Fallback)]/@descr"
"""Of each drawing, and of each picture in a group."""


def text_boxes(content: bytes, /) -> list[Raw]:
    """One element a paragraph of a box and a description of a picture. They float, so they belong under no title."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if "word/document.xml" not in archive.namelist():
            return []
        root = etree.fromstring(archive.read("word/document.xml"), etree.XMLParser(resolve_entities=False, no_network=True))
    boxes = root.xpath(_BOXES, namespaces=_SPACE) or root.xpath("//w:txbxContent", namespaces=_SPACE)
    described = (" ".join(text.split()) for text in root.xpath(_DESCRIPTIONS, namespaces=_SPACE))
    texts = [Raw("text", text) for box in boxes for text in _paragraphs(box)]
    return texts + [Raw("image", text) for text in described if text]


def _paragraphs(box: etree._Element) -> Iterator[str]:
    for paragraph in box.xpath(".//w:p", namespaces=_SPACE):
        text = "".join(piece.text or "\n" for piece in paragraph.xpath(_PIECES, namespaces=_SPACE))
        if text.strip():
            yield text
