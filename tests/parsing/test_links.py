"""Links: what leads out of a document is kept with the words that it stands on, whatever the format."""

import io

import docx
import polars as pl
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from configs.settings import ParsingSettings
from parsing.derived import decode_elements, encode_elements
from parsing.documents import Found, Parsed, ToParse
from parsing.headings import Link
from parsing.parse import parse_files
from parsing.pdf import read_pdf
from parsing.read import _leads_out
from parsing.reading import How, Read
from parsing.tabulate import tabulate

TARGET = "https://example.org/rules?of=the+house"
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
RELATION = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


def word_file() -> bytes:
    document = docx.Document()
    paragraph = document.add_paragraph("Please read the ")
    relation = paragraph.part.relate_to(TARGET, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    paragraph._p.append(
        parse_xml(f'<w:hyperlink {WORD} {RELATION} r:id="{relation}"><w:r><w:t>rules of the house</w:t></w:r></w:hyperlink>')
    )
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


FILES = {
    "a.html": f'<p>Please read the <a href="{TARGET}">rules of the house</a> or jump <a href="#end">to the end</a>.</p>'.encode(),
    "a.md": f"Please read the [rules of the house]({TARGET}) before you come.".encode(),
    "a.docx": word_file(),
}


def pdf() -> bytes:
    written = io.BytesIO()
    canvas = Canvas(written, pagesize=(595, 842))
    canvas.drawString(72, 700, "Please read the rules")
    canvas.drawString(72, 686, "of the house.")
    canvas.linkURL(TARGET, (145, 696, 190, 712))
    canvas.drawString(72, 600, "Nothing leads out of here.")
    canvas.linkRect("", "top", (72, 596, 190, 612))
    canvas.bookmarkPage("top")
    canvas.save()
    return written.getvalue()


@pytest.fixture(scope="module")
def parsed() -> dict[str, Parsed]:
    named = dict(enumerate(FILES))
    files = (ToParse(f"{number:032x}", "0" * 32, name, FILES[name]) for number, name in named.items())
    return {named[int(one.document_id, 16)]: one for one in parse_files(files, ParsingSettings(workers=1))}


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_kept_with_its_words_and_its_target(parsed: dict[str, Parsed], name: str) -> None:
    assert [link for one in parsed[name].elements for link in one.links or ()] == [{"text": "rules of the house", "target": TARGET}]


def test_a_link_of_a_pdf_is_kept_where_it_lies_and_a_jump_within_it_is_none() -> None:
    read = read_pdf(pdf(), How())
    assert isinstance(read, Read)
    first, second = read.elements
    assert [link.target for link in first.links] == [TARGET]
    assert "rules" in first.links[0].text
    assert second.links == ()


@pytest.mark.parametrize("target", ["", "#end", "data:text/html,x", "JavaScript:alert(1)", "https://example.org/" + "x" * 3000])
def test_what_leads_nowhere_or_is_a_program_is_no_link(target: str) -> None:
    assert not _leads_out(Link("here", target))


LINKS = st.none() | st.lists(st.fixed_dictionaries({"text": st.text(max_size=5), "target": st.text(max_size=9)}), min_size=1, max_size=3)


@given(st.lists(LINKS, min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_links_come_back_from_the_table_and_from_what_is_left_of_a_document(links: list[list[dict[str, str]] | None]) -> None:
    elements = tuple(Found("text", f"line {place}", None, 0, "", "en", links=one and tuple(one)) for place, one in enumerate(links))
    table = tabulate([Parsed("0" * 32, "1" * 32, elements, None)], fingerprint="2" * 32, buckets=2)
    assert table["links"].to_list() == links
    again = decode_elements("0" * 32, "1" * 32, encode_elements(table)).elements
    assert [one.links for one in again] == links


def test_what_was_left_of_a_document_before_links_were_kept_can_still_be_read() -> None:
    table = tabulate([Parsed("0" * 32, "1" * 32, (Found("text", "a line", None, 0, "", "en"),), None)], fingerprint="2" * 32, buckets=2)
    old = pl.read_ndjson(encode_elements(table)).drop("links").write_ndjson().encode()
    (found,) = decode_elements("0" * 32, "1" * 32, old).elements
    assert (found.text, found.links) == ("a line", None)
