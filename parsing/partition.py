"""The formats that unstructured reads, one function each."""

import io
import re
from collections.abc import Iterable
from typing import Any

from contracts.results import Failure
from parsing.decode import decode
from parsing.detect import LOCKED
from parsing.formulas import with_formulas
from parsing.headings import Link, Raw
from parsing.html_table import CELL_SEPARATOR, rows_as_text
from parsing.markdown import plain_markdown
from parsing.strict_office import transitional
from parsing.text_boxes import text_boxes

_KINDS = {
    "Title": "title",
    "ListItem": "list_item",
    "Table": "table",
    "CodeSnippet": "code",
    "Header": "header",
    "Footer": "footer",
    "PageNumber": "page_number",
    "Image": "image",
}
_LONGEST_TITLE = 200
_LETTER_OF_RTF = re.compile(r"\\u(-?\d+) ?\?")
"""With a question mark for old programs, over which pandoc loses the letter that follows."""
TEXT_MARKUP = ("org", "rst", "asciidoc", "latex")
"""Languages whose documents state their title apart from their text."""
_NO_DETECTION = [""]
"""Ours is done once a document, and costs less."""


def read_txt(content: bytes, /) -> list[Raw] | Failure:
    from unstructured.partition.text import partition_text

    text = decode(content)
    return text if isinstance(text, Failure) else as_raw(partition_text(text=text, languages=_NO_DETECTION))


def read_md(content: bytes, /) -> list[Raw] | Failure:
    from unstructured.partition.md import partition_md

    text = decode(content)
    if isinstance(text, Failure):
        return text
    return as_raw(partition_md(text=plain_markdown(text), languages=_NO_DETECTION)) if text.strip() else []


def read_html(content: bytes, /) -> list[Raw] | Failure:
    text = decode(content)
    return text if isinstance(text, Failure) else from_html(text)


def from_html(text: str, /) -> list[Raw]:
    """Elements of an HTML text, wherever it comes from."""
    from unstructured.partition.html import partition_html

    return as_raw(partition_html(text=text, languages=_NO_DETECTION)) if text.strip() else []


def read_docx(content: bytes, /) -> list[Raw]:
    from unstructured.partition.docx import partition_docx

    content = with_formulas(transitional(content))
    return text_boxes(content) + as_raw(partition_docx(file=io.BytesIO(content), languages=_NO_DETECTION), pages=True)


def read_pptx(content: bytes, /) -> list[Raw]:
    """Pages are slides. Only a slide's title placeholder makes a title; other short lines are guesses, which have a greater depth."""
    from unstructured.partition.pptx import partition_pptx

    elements = as_raw(partition_pptx(file=io.BytesIO(transitional(content)), include_slide_notes=True, languages=_NO_DETECTION), pages=True)
    return [one._replace(kind="text") if one.kind == "title" and one.depth != 0 else one for one in elements]


def read_xlsx(content: bytes, /) -> list[Raw]:
    """Pages are sheets, whose names stand above every title."""
    from unstructured.partition.xlsx import partition_xlsx

    return as_raw(partition_xlsx(file=io.BytesIO(transitional(content)), languages=_NO_DETECTION), pages=True)


def read_xls(content: bytes, /) -> list[Raw] | Failure:
    """As `read_xlsx`, of a workbook from before 2007."""
    from unstructured.partition.xlsx import partition_xlsx
    from xlrd import XLRDError  # type: ignore[import-untyped]

    try:
        return as_raw(partition_xlsx(file=io.BytesIO(content), languages=_NO_DETECTION), pages=True)
    except XLRDError as error:
        if "encrypted" not in str(error).lower():
            raise
        return LOCKED


def read_odt(content: bytes, /) -> list[Raw]:
    from unstructured.partition.odt import partition_odt

    return as_raw(partition_odt(file=io.BytesIO(content), languages=_NO_DETECTION))


def read_markup(format_: str, content: bytes, /) -> list[Raw] | Failure:
    """Formats that pandoc turns into HTML; its sandbox includes no other file."""
    text = decode(content)
    if isinstance(text, Failure):
        return text
    if format_ == "rtf" and "\\uc0" not in text:
        text = _LETTER_OF_RTF.sub(r"{\\uc0\\u\1 }", text)
    return from_html(as_html(format_, text.encode("utf-8", "replace")))


def as_html(format_: str, content: bytes, /) -> str:
    """A document in one of pandoc's formats as HTML, its title and authors included."""
    from unstructured.file_utils.file_conversion import convert_file_to_html_text_using_pandoc

    if format_ not in TEXT_MARKUP:
        return convert_file_to_html_text_using_pandoc(format_, file=io.BytesIO(content))
    import pypandoc  # type: ignore[import-untyped]

    options = ["--standalone", "--metadata=lang:", "--variable=css:", "--mathml"]
    return str(pypandoc.convert_text(content.decode(), "html", format=format_, sandbox=True, extra_args=options))


def as_raw(elements: Iterable[Any], /, *, pages: bool = False) -> list[Raw]:
    """Our kinds, and a table's rows as lines. `pages`: whether the format's page numbers mean something."""
    return [_raw(element, pages) for element in elements]


def _raw(element: Any, pages: bool) -> Raw:
    kind = _KINDS.get(element.category, "text")
    metadata = element.metadata
    html = metadata.text_as_html if kind == "table" else None
    text = rows_as_text(html) if html else ""
    if kind == "table" and CELL_SEPARATOR not in text:  # One column is a page's layout, not a table.
        kind, html = "text", None
    page = (metadata.page_number or 0) if pages else 0
    depth = metadata.category_depth if kind == "title" else None
    if kind == "title" and len(element.text) > _LONGEST_TITLE:
        kind = "text"
    links = tuple(
        Link((text or "").strip(), target) for text, target in zip(metadata.link_texts or (), metadata.link_urls or (), strict=False)
    )
    return Raw(kind, text or element.text or "", html, page, depth, metadata.page_name or "", links=links)
