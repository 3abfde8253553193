"""Laws of the parser's parts, without a process."""

import csv
import io
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import ParsingSettings
from contracts.results import Failure
from parsing.csv_table import read_csv
from parsing.decode import decode
from parsing.detect import detect_format
from parsing.fingerprint import parsing_fingerprint
from parsing.frames import Message, receive, send
from parsing.headings import Raw, with_headings
from parsing.html_table import rows_as_html, rows_as_text
from parsing.language import detect_languages
from parsing.read import read
from parsing.reading import How

ROOT = Path(__file__).resolve().parents[2]
VIETNAMESE = "Mọi người sinh ra đều được hưởng tự do và bình đẳng về phẩm giá và các quyền."
ENGLISH = (
    "All human beings are born free and equal in dignity and rights, and they should act in a spirit of brotherhood towards one another."
)
CELLS = st.text(st.characters(whitelist_categories=("L", "N")), min_size=1, max_size=8)


@given(
    st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cn", "Co")), min_size=1),
    st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-32")),
)
@settings(deadline=None, max_examples=100)
def test_text_comes_back_from_every_unicode_encoding(text: str, encoding: str) -> None:
    assert decode(("a" + text).encode(encoding)) == "a" + text


def test_old_code_pages_are_recognised() -> None:
    assert (
        decode(("Die schöne Frau hat Äpfel gegessen, das war köstlich! " * 5).encode("cp1252"))
        == "Die schöne Frau hat Äpfel gegessen, das war köstlich! " * 5
    )


@pytest.mark.parametrize(("content", "name", "expected"), [
    (b"%PDF-1.4", "x.txt", "pdf"),
    (b"# a", "READ.MD", "md"),
    (b"plain", "README", "txt"),
    (b"<!DOCTYPE html><p>x", "page", "html"),
    (b"<?xml version='1.0'?><a/>", "feed.rss", "xml"),
    (b"{\\rtf1 x}", "a.doc", "rtf"),
])  # fmt: skip
def test_the_format_is_read_from_bytes_then_from_the_name(content: bytes, name: str, expected: str) -> None:
    assert detect_format(content, name) == expected


@given(st.binary(max_size=300), st.sampled_from(("a", "a.txt", "a.csv", "a.xml", "a.docx", "a.pdf")))
@settings(deadline=None, max_examples=100)
def test_no_bytes_break_the_recognition_of_formats(content: bytes, name: str) -> None:
    assert isinstance(detect_format(content, name), str | Failure)
    assert isinstance(detect_format(b"PK\x03\x04" + content, name), str | Failure)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=8), st.sampled_from(",;\t|"))
@settings(deadline=None, max_examples=100)
def test_every_cell_of_a_csv_is_in_its_text_and_in_its_html(rows: list[list[str]], delimiter: str) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    outcome = read_csv(buffer.getvalue().encode())
    assert isinstance(outcome, list)
    (table,) = outcome
    assert table.text == "\n".join(" | ".join(row) for row in rows)
    assert table.html is not None
    assert rows_as_text(table.html) == table.text


def test_html_of_a_table_escapes_what_is_not_markup() -> None:
    assert rows_as_html([["a<b", "c&d"]]) == "<table><tr><td>a&lt;b</td><td>c&amp;d</td></tr></table>"


RAWS = st.lists(
    st.builds(
        Raw,
        st.sampled_from(("title", "text")),
        st.sampled_from(("Alpha", "Beta", "Gamma")),
        st.none(),
        st.integers(1, 3),
        st.integers(0, 3) | st.none(),
        st.just(""),
    )
)


@given(RAWS, st.booleans())
@settings(deadline=None, max_examples=200)
def test_headings_change_no_text_and_no_order(elements: list[Raw], per_page: bool) -> None:
    found = list(with_headings(elements, ["en"] * len(elements), per_page=per_page))
    assert [(one.text, one.page) for one in found] == [(one.text, one.page) for one in elements]
    above: set[str] = set()
    for one in found:
        assert set(filter(None, one.heading_path.split(" > "))) <= above
        above |= {one.text} if one.kind == "title" else set()


def test_a_path_holds_the_titles_above_and_not_the_element_itself() -> None:
    titles = [
        Raw("title", "A", depth=0),
        Raw("title", "B", depth=1),
        Raw("text", "x"),
        Raw("title", "C", depth=1),
        Raw("title", "D", depth=0),
    ]
    assert [one.heading_path for one in with_headings(titles, [""] * 5)] == ["", "A", "A > B", "A", ""]


def test_guessed_titles_in_a_row_are_not_titles_but_stated_ones_are() -> None:
    guessed = [Raw("title", text) for text in ("Name", "Age", "City")]
    assert {one.kind for one in with_headings(guessed, [""] * 3)} == {"text"}
    assert {one.kind for one in with_headings([one._replace(depth=0) for one in guessed], [""] * 3)} == {"title"}


def test_a_document_in_two_languages_is_in_two_languages() -> None:
    assert detect_languages([ENGLISH, VIETNAMESE * 2], ()) == ["en", "vi"]
    assert detect_languages([ENGLISH], ("vi",)) == ["vi"]
    assert detect_languages([VIETNAMESE], ()) == ["vi"]
    assert detect_languages(["12", "?"], ()) == ["", ""]
    assert detect_languages([VIETNAMESE], ("en", "fr"))[0] in ("en", "fr")


def test_what_no_table_can_hold_is_taken_out() -> None:
    answer = read(b"<r>a\x00b</r>".replace(b"\x00", b""), "a.xml", How())
    assert answer["elements"][0][1] == "ab"
    assert read(b"a,b\n\0c,d\n", "a.csv", How())["elements"][0][1] == "a | b\nc | d"


def test_no_local_file_is_pulled_into_a_document(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret stays outside")
    answer = read(f'<!DOCTYPE r [<!ENTITY e SYSTEM "{secret}">]><r><a>&e;</a><b>kept</b></r>'.encode(), "a.xml", How())
    assert [row[1] for row in answer["elements"]] == ["kept"]


def test_a_failure_never_quotes_the_document() -> None:
    answer = read(b"<a><topsecret></a>", "a.xml", How())
    assert answer["failure"][0] == "file.corrupt"


@given(st.dictionaries(st.text(max_size=5), st.integers(), max_size=3), st.binary(max_size=2000))
@settings(deadline=None, max_examples=50)
def test_a_message_arrives_as_it_was_sent(head: dict[str, int], body: bytes) -> None:
    import os

    reader, writer = os.pipe()
    try:
        send(writer, head, body)
        assert receive(reader) == Message(head, body)
        os.write(writer, b"half")
        os.close(writer)
        writer = -1
        assert receive(reader) is None
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)


def test_only_what_changes_elements_changes_the_fingerprint() -> None:
    how = ParsingSettings()
    assert parsing_fingerprint(how) == parsing_fingerprint(how.model_copy(update={"seconds": 1, "workers": 7}))
    assert parsing_fingerprint(how) != parsing_fingerprint(how.model_copy(update={"languages": ("vi",)}))


def test_a_parser_has_no_network_and_a_limit_on_memory() -> None:
    script = """
        import os, socket, urllib.request
        from parsing.cage import confine, forbid_network
        forbid_network()
        for attempt in (socket.socket, lambda: socket.create_connection(("127.0.0.1", 9)), lambda: urllib.request.urlopen("http://127.0.0.1:9")):
            try:
                attempt()
            except OSError as error:
                assert "no network" in str(error), error
            else:
                raise AssertionError("connected")
        confine(seconds=5, memory_mb=600, parent=os.getppid())
        try:
            bytearray(700_000_000)
        except MemoryError:
            print("refused")
    """
    output = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == ("refused" if sys.platform == "linux" else output.stdout.strip())
