"""E-books."""

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from ebooklib import epub  # type: ignore[import-untyped]

from formats.archive import DAY, settle
from formats.sample import Sample
from formats.web import html_of


def write_book(sample: Sample) -> bytes:
    """An .epub in which every heading of the first level starts a chapter."""
    book = epub.EpubBook()
    book.set_identifier(f"bensen:{sample.uri}")
    book.set_title(sample.title)
    book.set_language(sample.language)
    book.add_author("Ben Sen Co-operative")
    chapters = [_chapter(number, text, sample.language) for number, text in enumerate(("\n" + sample.body).split("\n# ")[1:], 1)]
    for item in (*chapters, epub.EpubNcx(), epub.EpubNav()):
        book.add_item(item)
    book.toc, book.spine = chapters, ["nav", *chapters]
    with TemporaryDirectory() as folder:
        path = Path(folder, "book.epub")
        epub.write_epub(path, book, {"mtime": datetime(*DAY, tzinfo=UTC)})
        return settle(path.read_bytes())


def _chapter(number: int, text: str, language: str) -> epub.EpubHtml:
    title = text.split("\n", 1)[0]
    chapter = epub.EpubHtml(uid=f"chapter_{number}", title=title, file_name=f"chapter_{number}.xhtml", lang=language)
    chapter.content = f"<html><head><title>{escape(title)}</title></head><body>{html_of('# ' + text)}</body></html>"
    return chapter
