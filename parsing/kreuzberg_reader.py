"""Word and OpenDocument text files and books by kreuzberg: its Markdown, read as any other Markdown.

It is chosen by `parsing.reader` and comes with the extra `kreuzberg`. Its core starts threads with its first file, so nothing may be
extracted before the fork of the child that does it: the zygote imports it and no more.
"""

import contextlib
import html
import io
import re
import zipfile
import zlib
from typing import Any
from urllib.parse import quote

from contracts.results import Failure
from parsing.epub import lock
from parsing.formulas import with_formulas
from parsing.headings import Link, Raw
from parsing.partition import read_md
from parsing.strict_office import transitional

NAME = "kreuzberg"
MEDIA_TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "epub": "application/epub+zip",
}
"""The formats that it reads here; its Markdown of others loses slides, sheets, pages or tables."""
_TEXT_PARTS = re.compile(r"^(?:word/[^/]+\.xml|content\.xml|.*\.x?html?)$", re.IGNORECASE)
"""The members of these files that hold text."""
_REFERENCE = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|lt|gt|amp|quot|apos);")
_STAND_INS = dict(zip("<>&\"'", "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4", strict=True))
"""For what markup is made of: characters that Unicode keeps out of all text."""
_MEANT = {ord(stands_in): meant for meant, stands_in in _STAND_INS.items()}
_MEANT_IN_HTML = {code: html.escape(meant) for code, meant in _MEANT.items()}


def load() -> None:
    """Import it, without a thread."""
    import kreuzberg  # noqa: F401


def read_with_kreuzberg(format_: str, content: bytes, /) -> list[Raw] | Failure:
    """Elements of a file in one of the formats of MEDIA_TYPES, each with its reader's name."""
    from kreuzberg import ConcurrencyConfig, ExtractionConfig, extract_bytes_sync

    if format_ == "epub" and (locked := lock(content)):
        return locked
    if format_ == "docx":
        content = with_formulas(transitional(content))
    threads = ConcurrencyConfig(max_threads=1)
    config = ExtractionConfig(output_format="markdown", use_cache=False, include_document_structure=True, concurrency=threads)
    found = extract_bytes_sync(_with_stand_ins(content), MEDIA_TYPES[format_], config)
    elements = read_md(found.content.encode())
    if isinstance(elements, Failure):
        return elements
    return [_as_meant(one) for one in (*_beside(found.document, "header"), *elements, *_beside(found.document, "footer"))]


def _beside(document: Any, layer: str) -> list[Raw]:
    """Headers or footers of pages, which its Markdown leaves out."""
    nodes = document["nodes"] if document else ()
    return [Raw(layer, node["content"].get("text", "")) for node in nodes if node.get("content_layer") == layer]


def _with_stand_ins(content: bytes) -> bytes:
    """The same file with a character of its own for each `<`, `>`, `&` and quote of its text, and no numbers for any other.

    kreuzberg 4.10.4 drops what a Word file writes as a reference, and writes `<` and `>` into its Markdown as if they were markup.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as copy:
        for name in archive.namelist():
            if _TEXT_PARTS.match(name):
                copy.writestr(name, _without_references(archive.read(name)))
                continue
            with contextlib.suppress(zipfile.BadZipFile, zlib.error):  # A damaged picture costs no text.
                copy.writestr(name, archive.read(name))
    return written.getvalue()


def _without_references(part: bytes) -> bytes:
    try:
        return _REFERENCE.sub(_stand_in, part.decode()).encode()
    except UnicodeError:  # In another encoding, which a character of Unicode cannot be written into.
        return part


def _stand_in(reference: re.Match[str]) -> str:
    meant = html.unescape(reference[0])
    return _STAND_INS.get(meant, meant)


def _as_meant(one: Raw) -> Raw:
    links = tuple(Link(link.text.translate(_MEANT), _target(link.target)) for link in one.links)
    return one._replace(text=one.text.translate(_MEANT), html=one.html and one.html.translate(_MEANT_IN_HTML), links=links, reader=NAME)


def _target(target: str) -> str:
    """In which the reader of Markdown writes a stand-in as the numbers of its bytes."""
    for meant, stands_in in _STAND_INS.items():
        target = target.replace(quote(stands_in), meant).replace(stands_in, meant)
    return target
