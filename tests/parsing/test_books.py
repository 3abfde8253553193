"""Books: every page of the spine in its order, whatever its archive looks like."""

import io
import zipfile

import pytest

from configs.settings import ParsingSettings
from parsing.documents import Parsed, ToParse
from parsing.parse import parse_files
from parsing.partition import as_html

_CONTAINER = (
    '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile media-type="application/oebps-package+xml" full-path="OEBPS/book.opf"/></rootfiles></container>'
)
_PACKAGE = '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest>{}</manifest><spine>{}</spine></package>'
_ENCRYPTED = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#">'
    '<CipherData><CipherReference URI="{}"/></CipherData></EncryptedData></encryption>'
)


def book(pages: dict[str, str], spine: list[str], *, container: bool = True, locked: str = "") -> bytes:
    """An archive of pages by their names in it; `spine` names them as the package does."""
    items = "".join(f'<item id="p{number}" href="{name}" media-type="application/xhtml+xml"/>' for number, name in enumerate(spine))
    references = "".join(f'<itemref idref="p{number}"/>' for number, _ in enumerate(spine))
    members = {"mimetype": "application/epub+zip", "OEBPS/book.opf": _PACKAGE.format(items, references)}
    members |= {"META-INF/container.xml": _CONTAINER} if container else {}
    members |= {"META-INF/encryption.xml": _ENCRYPTED.format(locked)} if locked else {}
    members |= {name: f"<html><body>{text}</body></html>" for name, text in pages.items()}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return written.getvalue()


CHAPTERS = {
    "OEBPS/two parts/b.xhtml": "<h1>The second chapter</h1><p>It begins in the harbour, where the boats are painted in spring.</p>",
    "OEBPS/a.xhtml": "<h1>The first chapter</h1><p>It ends in the mountains, and nobody knows how they got there.</p><ul><li>One</li></ul>",
}
FORGOTTEN = "A note that the spine forgot was found in the archive."
PAGES = CHAPTERS | {"OEBPS/note.xhtml": f"<p>{FORGOTTEN}</p>"}
SPINE = ["a.xhtml", "two%20parts/b.xhtml"]
BOOKS = {
    "whole.epub": book(CHAPTERS, SPINE),
    "pandoc.html": as_html("epub", book(CHAPTERS, SPINE)).encode(),
    "forgetful.epub": book(PAGES, [*SPINE, "gone.xhtml"]),
    "no container.epub": book(CHAPTERS, SPINE, container=False),
    "locked.epub": book(CHAPTERS, SPINE, locked="OEBPS/a.xhtml"),
    "locked fonts.epub": book(CHAPTERS, SPINE, locked="OEBPS/letters.otf"),
}


@pytest.fixture(scope="module")
def parsed() -> dict[str, Parsed]:
    named = dict(enumerate(BOOKS))
    files = (ToParse(f"{number:032x}", "0" * 32, name, BOOKS[name]) for number, name in named.items())
    return {named[int(one.document_id, 16)]: one for one in parse_files(files, ParsingSettings(workers=1))}


def said(one: Parsed) -> list[tuple[str, str]]:
    return [(element.kind, " ".join(element.text.split())) for element in one.elements]


def test_the_spine_says_in_what_order_pages_come(parsed: dict[str, Parsed]) -> None:
    titles = [text for kind, text in said(parsed["whole.epub"]) if kind == "title"]
    assert titles == ["The first chapter", "The second chapter"]


def test_a_book_read_page_by_page_has_the_elements_of_pandoc_s_one_page(parsed: dict[str, Parsed]) -> None:
    """By which stock unstructured reads it, for several times the work."""
    assert said(parsed["whole.epub"]) == said(parsed["pandoc.html"])


def test_a_page_that_the_spine_forgot_stands_at_the_end(parsed: dict[str, Parsed]) -> None:
    assert said(parsed["forgetful.epub"]) == [*said(parsed["whole.epub"]), ("text", FORGOTTEN)]
    assert parsed["forgetful.epub"].elements[-1].reader == "second"


def test_a_book_without_a_container_is_found_by_its_package(parsed: dict[str, Parsed]) -> None:
    assert said(parsed["no container.epub"]) == said(parsed["whole.epub"])


def test_a_book_whose_pages_are_locked_is_refused_and_one_whose_fonts_are_is_not(parsed: dict[str, Parsed]) -> None:
    failure = parsed["locked.epub"].failure
    assert failure is not None
    assert failure.rule == "epub.encrypted"
    assert said(parsed["locked fonts.epub"]) == said(parsed["whole.epub"])
