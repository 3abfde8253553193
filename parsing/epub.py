"""Books: the pages that the spine names, in its order, each read as the web page that it is."""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]

from contracts.results import Failure
from parsing.decode import decode
from parsing.headings import Raw
from parsing.partition import from_html

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_LOCKED = Failure("epub.encrypted", "a book locked to whoever bought it", "Put a copy without the lock in its place, or leave it out.")


def read_epub(content: bytes, /) -> list[Raw] | Failure:
    """Elements of every page in reading order."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        pages = list(_spine(book))
        if _locked(book).intersection(pages):
            return _LOCKED
        elements: list[Raw] = []
        for page in pages:
            text = decode(book.read(page))
            if isinstance(text, Failure):
                return text
            elements += from_html(text)
    return elements


def lock(content: bytes, /) -> Failure | None:
    """Why a book cannot be read, if a page of it is encrypted."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return _LOCKED if _locked(book).intersection(_spine(book)) else None


def _spine(book: zipfile.ZipFile) -> Iterator[str]:
    """Names of the pages in the archive; what is named and not there is left to the second reader to miss."""
    package = _package(book)
    root = _xml(book, package)
    files = {item.get("id"): item for item in root.iter("{*}item")}
    names = set(book.namelist())
    for reference in root.iter("{*}itemref"):
        item = files.get(reference.get("idref"))
        if item is not None and "html" in item.get("media-type", ""):
            name = posixpath.normpath(posixpath.join(posixpath.dirname(package), unquote(item.get("href", ""))))
            if name in names:
                yield name


def _package(book: zipfile.ZipFile) -> str:
    """The file that lists all others."""
    if _CONTAINER in book.namelist():
        for root in _xml(book, _CONTAINER).iter("{*}rootfile"):
            if (name := unquote(root.get("full-path", ""))) in book.namelist():
                return name
    return next(name for name in sorted(book.namelist()) if name.endswith(".opf"))


def _locked(book: zipfile.ZipFile) -> set[str]:
    """What is encrypted; often fonts alone."""
    if _ENCRYPTION not in book.namelist():
        return set()
    return {unquote(reference.get("URI", "")) for reference in _xml(book, _ENCRYPTION).iter("{*}CipherReference")}


def _xml(book: zipfile.ZipFile, name: str) -> etree._Element:
    return etree.fromstring(book.read(name), etree.XMLParser(resolve_entities=False, no_network=True))
