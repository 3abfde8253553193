"""What a reader owes, whichever is chosen: the text with its titles and tables or the reason why not, and a count by another one."""

import importlib.util
import io
import logging
import sys
import warnings
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import ParsingSettings
from contracts.errors import SettingsError
from contracts.results import Failure
from parsing import fingerprint, kreuzberg_reader
from parsing.documents import ToParse
from parsing.fingerprint import parsing_fingerprint
from parsing.libraries import load
from parsing.parse import parse_files
from parsing.read import read
from parsing.reading import How

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "each_format"
TITLE = "Opening hours of the tool library"
WORDS = ("Thành viên được mượn hai dụng cụ một lần", "Tell us what broke")
INSTALLED = importlib.util.find_spec("kreuzberg") is not None
needs_kreuzberg = pytest.mark.skipif(not INSTALLED, reason="the extra kreuzberg is not installed")
READERS = ("unstructured", pytest.param("kreuzberg", marks=needs_kreuzberg))


@pytest.fixture(scope="module")
def loaded() -> Iterator[None]:
    """The libraries as in the parser process, without a download; what that process is denied, later tests of this one have again."""
    torch = sys.modules.get("torch")
    with warnings.catch_warnings():
        load(pdf=False)
        yield
    logging.disable(logging.NOTSET)
    del sys.modules["torch"]
    if torch is not None:
        sys.modules["torch"] = torch


def word_file(*paragraphs: str, cell: str = "") -> bytes:
    document, written = docx.Document(), io.BytesIO()
    for text in paragraphs:
        document.add_paragraph(text)
    if cell:
        table = document.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = cell, "and another"
    document.save(written)
    return written.getvalue()


def damaged_word_file() -> bytes:
    """A whole archive whose document ends in the middle."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word_file("A text."))) as archive, zipfile.ZipFile(written, "w") as copy:
        for name in archive.namelist():
            part = archive.read(name)
            copy.writestr(name, part[: len(part) // 2] if name == "word/document.xml" else part)
    return written.getvalue()


def word_file_with_a_damaged_picture() -> bytes:
    written = io.BytesIO(word_file("A text beside a picture."))
    with zipfile.ZipFile(written, "a") as archive:
        archive.writestr("word/media/a.png", b"the picture as it was")
    return written.getvalue().replace(b"the picture as it was", b"the picture as it is.")


def locked_book() -> bytes:
    written = io.BytesIO(SAMPLES.joinpath("notice.epub").read_bytes())
    with zipfile.ZipFile(written, "a") as book:
        pages = [name for name in book.namelist() if name.endswith("html")]
        base = "".join(f'<e:CipherReference xmlns:e="http://www.w3.org/2001/04/xmlenc#" URI="{name}"/>' for name in pages)
        book.writestr("META-INF/encryption.xml", f"<encryption>{base}</encryption>")
    return written.getvalue()


FILES = {
    **{f"notice.{ending}": SAMPLES.joinpath(f"notice.{ending}").read_bytes() for ending in ("docx", "odt", "epub", "html")},
    "cut.docx": SAMPLES.joinpath("notice.docx").read_bytes()[:4000],
    "damaged.docx": damaged_word_file(),
    "locked.epub": locked_book(),
    "blank.docx": word_file(""),
    "picture.docx": word_file_with_a_damaged_picture(),
}


@pytest.fixture(scope="module", params=READERS)
def outcomes(request, loaded) -> tuple[str, dict[str, dict[str, Any]]]:
    """The chosen reader, and every file as it gives it."""
    how = How(reader=request.param, flag_coverage=0.95, min_coverage=0.8)
    return request.param, {name: read(content, name, how) for name, content in FILES.items()}


@pytest.mark.parametrize("kind", sorted(kreuzberg_reader.MEDIA_TYPES))
def test_text_comes_out_under_its_title_with_its_table_and_all_of_it_is_counted(outcomes, kind) -> None:
    reader, answers = outcomes
    elements, report = answers[f"notice.{kind}"]["elements"], answers[f"notice.{kind}"]["report"]
    assert [one.text for one in elements if one.kind == "title"] == [TITLE]
    assert {one.heading_path for one in elements if one.kind in ("text", "list_item", "table")} == {TITLE}
    assert {one.reader for one in elements} == {None if reader == "unstructured" else reader}
    assert [one.text.splitlines()[1] for one in elements if one.kind == "table"] == ["Tuesday | 9 | 12"]
    assert report.coverage == 1
    text = "\n".join(one.text for one in elements)
    assert all(words in text for words in WORDS)


def test_a_damaged_picture_costs_no_text(outcomes) -> None:
    assert [one.text for one in outcomes[1]["picture.docx"]["elements"]] == ["A text beside a picture."]


def test_headers_and_footers_of_word_files_are_kept_as_such(outcomes) -> None:
    elements = outcomes[1]["notice.docx"]["elements"]
    assert {"header", "footer"} <= {one.kind for one in elements if one.text.startswith("Ben Sen Co-operative")}


def test_a_format_that_the_other_reader_leaves_alone_has_its_own(outcomes) -> None:
    assert {one.reader for one in outcomes[1]["notice.html"]["elements"]} == {None}


def test_a_file_that_cannot_be_read_is_refused_with_the_reason(outcomes) -> None:
    failures = {name: answer["failure"] for name, answer in outcomes[1].items() if "failure" in answer}
    assert {name: rule for name, (rule, *_) in failures.items()} == {
        "cut.docx": "file.corrupt",
        "damaged.docx": "file.corrupt",
        "locked.epub": "epub.encrypted",
        "blank.docx": "parse.no_text",
    }
    assert all(detail and remedy for _, detail, remedy in failures.values())


@needs_kreuzberg
def test_the_parser_process_gives_what_the_reader_gives(loaded) -> None:
    files = (ToParse(f"{number:032x}", "0" * 32, name, content) for number, (name, content) in enumerate(FILES.items()))
    for one in parse_files(files, ParsingSettings(reader="kreuzberg")):
        name = list(FILES)[int(one.document_id, 16)]
        answer = read(FILES[name], name, How(reader="kreuzberg", flag_coverage=0.95, min_coverage=0.8))
        assert [element.text for element in one.elements] == [element.text for element in answer.get("elements", ())]
        assert [element.reader for element in one.elements] == [element.reader for element in answer.get("elements", ())]
        assert one.failure == (Failure(*answer["failure"]) if "failure" in answer else None)
        assert one.report == answer.get("report")


@needs_kreuzberg
@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.sampled_from(["R&D", "List<String>", "<b>bold</b>", "a < b > c", "&lt;", '"quoted"', "it's", "# five", "2*3*4"]), min_size=1
    )
)
def test_no_character_of_a_word_file_is_taken_for_markup_or_dropped(loaded, words) -> None:
    """kreuzberg 4.10.4 drops `<`, `>` and `&` from Word files."""
    text = "Of " + " ".join(words)
    elements = kreuzberg_reader.read_with_kreuzberg("docx", word_file(text, cell=text))
    assert isinstance(elements, list)
    assert [one.text for one in elements] == [text, f"{text} | and another"]
    assert "<b>" not in str(elements[1].html)


@needs_kreuzberg
def test_links_of_books_keep_their_targets(loaded) -> None:
    written = io.BytesIO(SAMPLES.joinpath("notice.epub").read_bytes())
    changed = io.BytesIO()
    with zipfile.ZipFile(written) as book, zipfile.ZipFile(changed, "w") as copy:
        for name in book.namelist():
            part = book.read(name).replace(
                b"</h1>", b'</h1><p>Read <a href="https://example.org/?a=1&amp;b=2">the rules</a> &#60;now&#62;.</p>'
            )
            copy.writestr(name, part)
    elements = kreuzberg_reader.read_with_kreuzberg("epub", changed.getvalue())
    assert isinstance(elements, list)
    linked = [one for one in elements if one.links]
    assert [(one.text, one.links[0].text, one.links[0].target) for one in linked] == [
        ("Read the rules <now>.", "the rules", "https://example.org/?a=1&b=2")
    ]


@needs_kreuzberg
def test_a_text_that_the_reader_misses_is_added_by_the_second_one(loaded, monkeypatch) -> None:
    short = word_file("The first paragraph alone.")
    whole = word_file("The first paragraph alone.", "A second one which the reader does not see.")
    real = kreuzberg_reader.read_with_kreuzberg
    monkeypatch.setattr(kreuzberg_reader, "read_with_kreuzberg", lambda format_, _: real(format_, short))
    answer = read(whole, "a.docx", How(reader="kreuzberg", flag_coverage=0.95))
    assert [(one.text, one.reader) for one in answer["elements"]] == [
        ("The first paragraph alone.", "kreuzberg"),
        ("A second one which the reader does not see.", "second"),
    ]
    assert answer["report"].flag[0] == "parse.completed"


@needs_kreuzberg
def test_another_reader_is_another_parse() -> None:
    assert parsing_fingerprint(ParsingSettings()) != parsing_fingerprint(ParsingSettings(reader="kreuzberg"))


def test_a_reader_that_is_not_installed_is_an_error_of_the_settings_that_says_what_to_do(monkeypatch) -> None:
    def absent(name: str) -> str:
        if name == "kreuzberg":
            raise PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(fingerprint, "version", absent)
    chosen = ParsingSettings(reader="kreuzberg")
    with pytest.raises(SettingsError, match=r"parsing\.reader: kreuzberg is not installed\. Install the extra kreuzberg"):
        parsing_fingerprint(chosen)
    with pytest.raises(SettingsError, match="or choose unstructured"):
        next(parse_files([ToParse("0" * 32, "0" * 32, "a.txt", b"A text.")], chosen))
    assert parsing_fingerprint(ParsingSettings())
