"""Laws of the parser process: one answer a file, whatever the file does."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unicodedata
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import psutil
import pytest
from reportlab.pdfgen.canvas import Canvas

from configs.settings import ParsingSettings
from contracts.tables import ParsedElement
from parsing import libreoffice
from parsing.documents import Parsed, ToParse
from parsing.fingerprint import parsing_fingerprint
from parsing.parse import parse_files
from parsing.tabulate import tabulate

ROOT = Path(__file__).resolve().parents[2]
HOW = ParsingSettings(workers=2)
VIETNAMESE = "Hội đồng quản trị họp mỗi quý một lần và thông báo cho các cổ đông về kết quả kinh doanh của công ty."


def to_parse(number: int, name: str, content: bytes) -> ToParse:
    return ToParse(f"{number:032x}", f"{number:032x}", name, content)


def parse_one(name: str, content: bytes, how: ParsingSettings = HOW) -> Parsed:
    (parsed,) = parse_files([to_parse(1, name, content)], how)
    return parsed


def word_file() -> bytes:
    document = docx.Document()
    document.add_heading("Handbook", level=1)
    document.add_paragraph("Everybody reads this sentence when they join the company.")
    document.add_heading("Holidays", level=2)
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip((cell for row in table.rows for cell in row.cells), ("Country", "Days", "Vietnam", "12"), strict=True):
        cell.text = text
    document.add_heading("Safety", level=1)
    document.add_paragraph("Wear a helmet", style="List Bullet")
    return saved(document)


def saved(document: object) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


def slides() -> bytes:
    deck = pptx.Presentation()
    for title, body in (("Plan", "We will build a bridge over the river next year."), ("Cost", "It costs more than we thought it would.")):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    return saved(deck)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Prices"
    for row in (("Item", "Price"), ("Chair", 40), ("Desk\nwide", 200)):
        book.active.append(row)
    second = book.create_sheet("Notes")
    second.append(("Kind", "Note"))
    second.append(("old", "Prices of last year"))
    return saved(book)


def pdf(*pages: str, password: str | None = None) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, encrypt=password)
    for page in pages:
        canvas.drawString(72, 700, page)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", b" " * 60_000_000)
    return buffer.getvalue()


EMAIL = b"""From: An <an@example.org>\r\nTo: Binh <binh@example.org>\r\nSubject: Bridge\r\nMIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n
The bridge opens on Monday for everybody who wants to cross it.\r\n--x\r\nContent-Type: image/png; name=b.png
Content-Disposition: attachment; filename=b.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--x--\r\n"""

FOLDED = b"""<form><details><summary>More</summary><p>Folded text.</p></details></form>
<figure><img><figcaption>A bridge</figcaption></figure>"""

NESTED = b"""<p>A list of steels.</p><table><tr><td>SNB22</td><td>hard</td></tr><tr><table><br><table><tr><td><b>Free</b> database, use at
your own risk</CENTER></td></tr></table></center>"""

GOOD = {
    "handbook.docx": word_file(),
    "plan.pptx": slides(),
    "prices.xlsx": workbook(),
    "bridge.eml": EMAIL,
    "memo.pdf": pdf("The bridge was opened by the mayor on Monday.", "It has carried a thousand carts since then."),
    "quy.txt": unicodedata.normalize("NFD", VIETNAMESE).encode(),
    "quy-1258.txt": VIETNAMESE.translate({ord("ộ"): "ô\u0323", ord("ồ"): "ô\u0300", ord("ị"): "i\u0323"}).encode("cp1258", "ignore") * 3,
    "notes.md": b"# One\n\nFirst text stands here.\n\n## Two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n# Three\n\n```\nx = 1\n```\n",
    "page.html": "<html><body><h1>Giá</h1><p>Giá của chiếc cầu là ba tỷ đồng.</p></body></html>".encode(),
    "folded.html": FOLDED,
    "table.csv": "\ufefftên;giá\nghế;4\nbàn;20;thêm\n".encode("utf-16"),
    "data.xml": b"<r><a>alpha</a><p>mixed <b>bold</b> tail</p></r>",
    "record.json": b'{"name": "An", "tasks": [{"what": "dig"}, {"what": "fill"}]}',
    "records.jsonl": b'{"name": "An"}\n{"name": "Binh", "age": 1.50}\n',
    "nested.html": NESTED,
    "prices.xls": (Path(__file__).parent / "prices.xls").read_bytes(),  # of xlwt 1.3
    "wrong-name.txt": word_file(),
}
AGAIN = ("handbook.docx", "bridge.eml", "memo.pdf", "quy.txt")
BAD = {
    "empty.txt": (b"", "file.empty"),
    "locked.pdf": (pdf("A secret.", password="x"), "pdf.encrypted"),
    "blank.pdf": (pdf("", ""), "parse.no_text"),
    "broken.pdf": (b"%PDF-1.7 nothing follows", "file.corrupt"),
    "broken.docx": (word_file()[:3000], "file.corrupt"),
    "bomb.docx": (bomb(), "file.too_large"),
    "song.txt": (b"OggS" + bytes(100), "format.unsupported"),
    "song.mp3": (b"ID3" + bytes(100), "format.unsupported"),
    "old.doc": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"),
        "file.corrupt" if libreoffice.installed() else "format.needs_libreoffice",
    ),
    "locked.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "office.encrypted"),
    "blank.md": (b"\n \n", "parse.no_text"),
    "huge.txt": (b"x" * 1_000_001, "file.too_large"),
    "broken.xml": (b"<a><b></a>", "file.corrupt"),
}


@pytest.fixture(scope="module")
def parsed() -> dict[str, Parsed]:
    contents = {**GOOD, **{name: content for name, (content, _) in BAD.items()}, **{f"{name} again": GOOD[name] for name in AGAIN}}
    names = dict(enumerate(contents))
    files = (to_parse(number, name.removesuffix(" again"), contents[name]) for number, name in names.items())
    told: list[int] = []
    outcomes = list(parse_files(files, HOW.model_copy(update={"max_file_mb": 1}), progress=told.append))
    assert told == list(range(1, len(contents) + 1))
    assert sorted(int(one.document_id, 16) for one in outcomes) == list(names)
    return {names[int(one.document_id, 16)]: one for one in outcomes}


@pytest.mark.parametrize("name", GOOD)
def test_a_readable_file_gives_elements_and_no_failure(parsed: dict[str, Parsed], name: str) -> None:
    assert parsed[name].failure is None
    assert all(element.text.strip() for element in parsed[name].elements)
    assert parsed[name].elements


@pytest.mark.parametrize(("name", "rule"), [(name, rule) for name, (_, rule) in BAD.items()])
def test_an_unreadable_file_gives_a_failure_that_says_what_to_do(parsed: dict[str, Parsed], name: str, rule: str) -> None:
    failure = parsed[name].failure
    assert not parsed[name].elements
    assert failure is not None
    assert failure.rule == rule
    assert failure.detail
    assert failure.remedy.endswith(".")


def test_a_word_file_gives_its_headings_lists_and_tables(parsed: dict[str, Parsed]) -> None:
    assert [(one.kind, one.text, one.heading_path) for one in parsed["handbook.docx"].elements] == [
        ("title", "Handbook", ""),
        ("text", "Everybody reads this sentence when they join the company.", "Handbook"),
        ("title", "Holidays", "Handbook"),
        ("table", "Country | Days\nVietnam | 12", "Handbook > Holidays"),
        ("title", "Safety", ""),
        ("list_item", "Wear a helmet", "Safety"),
    ]


def test_bytes_decide_what_a_file_is_before_its_name_does(parsed: dict[str, Parsed]) -> None:
    assert parsed["wrong-name.txt"].elements == parsed["handbook.docx"].elements


def test_slides_are_pages_and_a_title_reaches_no_further_than_its_slide(parsed: dict[str, Parsed]) -> None:
    assert [(one.kind, one.page, one.heading_path) for one in parsed["plan.pptx"].elements] == [
        ("title", 1, ""),
        (parsed["plan.pptx"].elements[1].kind, 1, "Plan"),
        ("title", 2, ""),
        (parsed["plan.pptx"].elements[3].kind, 2, "Cost"),
    ]


def test_sheets_are_pages_and_stand_above_their_tables(parsed: dict[str, Parsed]) -> None:
    prices, notes = parsed["prices.xlsx"].elements
    assert (prices.kind, prices.text, prices.page, prices.heading_path) == (
        "table",
        "Item | Price\nChair | 40\nDesk wide | 200",
        1,
        "Prices",
    )
    assert (notes.text, notes.page, notes.heading_path) == ("Kind | Note\nold | Prices of last year", 2, "Notes")


def test_a_workbook_from_before_2007_is_one_like_any_other(parsed: dict[str, Parsed]) -> None:
    assert [(one.text, one.page, one.heading_path) for one in parsed["prices.xls"].elements] == [
        ("Món | Giá\nGhế | 40\nBàn rộng | 200.5", 1, "Giá"),
        ("Kind | Note\nold | Prices of last year", 2, "Notes"),
    ]


def test_an_email_gives_its_headers_its_text_and_the_names_of_attachments(parsed: dict[str, Parsed]) -> None:
    assert [(one.kind, one.text) for one in parsed["bridge.eml"].elements] == [
        ("title", "Bridge"),
        ("email_header", "From: An <an@example.org>"),
        ("email_header", "To: Binh <binh@example.org>"),
        ("text", "The bridge opens on Monday for everybody who wants to cross it."),
        ("email_header", "Attachments: b.png"),
    ]


def test_pages_of_a_pdf_are_counted_from_one(parsed: dict[str, Parsed]) -> None:
    assert [one.page for one in parsed["memo.pdf"].elements] == [1, 2]


def test_vietnamese_is_vietnamese(parsed: dict[str, Parsed]) -> None:
    for name in ("quy.txt", "quy-1258.txt", "page.html"):
        assert {one.language for one in parsed[name].elements} == {"vi"}, name
    assert unicodedata.normalize("NFC", parsed["quy.txt"].elements[0].text) == VIETNAMESE


def test_a_ragged_table_in_utf_16_keeps_every_cell(parsed: dict[str, Parsed]) -> None:
    (table,) = parsed["table.csv"].elements
    assert table.text == "tên | giá\nghế | 4\nbàn | 20 | thêm"
    assert table.html is not None
    assert "<td>thêm</td>" in table.html


def test_markdown_keeps_its_outline_and_code(parsed: dict[str, Parsed]) -> None:
    assert [(one.kind, one.text, one.heading_path) for one in parsed["notes.md"].elements] == [
        ("title", "One", ""),
        ("text", "First text stands here.", "One"),
        ("title", "Two", "One"),
        ("table", "a | b\n1 | 2", "One > Two"),
        ("title", "Three", ""),
        ("code", "x = 1", "Three"),
    ]


def test_folded_sections_forms_and_captions_of_a_page_are_read(parsed: dict[str, Parsed]) -> None:
    assert [one.text for one in parsed["folded.html"].elements] == ["More", "Folded text.", "A bridge"]


def test_a_record_of_json_is_an_element_whose_values_stand_under_their_names(parsed: dict[str, Parsed]) -> None:
    assert [one.text for one in parsed["record.json"].elements] == ["name: An", "tasks.what: dig\ntasks.what: fill"]
    assert [one.text for one in parsed["records.jsonl"].elements] == ["name: An", "name: Binh\nage: 1.50"]


def test_what_only_the_second_reader_finds_stands_at_the_end_and_is_flagged(parsed: dict[str, Parsed]) -> None:
    document = parsed["nested.html"]
    assert ("Free database, use at your own risk", "second") in [(" ".join(one.text.split()), one.reader) for one in document.elements]
    assert document.report is not None
    assert document.report.coverage == 1
    assert document.report.flag is not None
    assert document.report.flag[0] == "parse.completed"


def test_everything_that_a_second_reader_finds_in_a_good_file_comes_out(parsed: dict[str, Parsed]) -> None:
    shares = {name: parsed[name].report.coverage for name in GOOD if name != "prices.xls"}  # which has no second reader
    assert {name: share for name, share in shares.items() if share is None or share < 0.99} == {}


def test_mixed_content_of_xml_is_whole(parsed: dict[str, Parsed]) -> None:
    assert [one.text for one in parsed["data.xml"].elements] == ["alpha", "mixed bold tail"]


def test_parsed_documents_make_a_valid_table(parsed: dict[str, Parsed]) -> None:
    table = tabulate(parsed.values(), fingerprint=parsing_fingerprint(HOW), buckets=8)
    assert table.height == sum(len(one.elements) for one in parsed.values())
    assert ParsedElement.is_valid(table)
    assert tabulate([], fingerprint=parsing_fingerprint(HOW), buckets=8).is_empty()


def test_the_same_bytes_give_the_same_elements_again(parsed: dict[str, Parsed]) -> None:
    for name in AGAIN:
        assert parsed[name + " again"].elements == parsed[name].elements


def test_nothing_is_started_when_there_is_nothing_to_parse() -> None:
    assert list(parse_files([], HOW)) == []
    assert parse_one("a.txt", b"").failure is not None
    assert not zygotes()


def test_a_file_that_takes_too_long_costs_only_itself() -> None:
    slow = " ".join(f"The {n}th man walks and talks slowly." + "\n\n" * (n % 2) for n in range(40_000)).encode()
    outcomes = {
        one.document_id[-1]: one
        for one in parse_files(
            [to_parse(1, "slow.txt", slow), to_parse(2, "a.txt", VIETNAMESE.encode())], HOW.model_copy(update={"seconds": 2})
        )
    }
    assert outcomes["1"].failure is not None
    assert outcomes["1"].failure.rule == "parse.timeout"
    assert outcomes["2"].failure is None


@pytest.mark.slow
def test_a_child_that_dies_costs_one_file_and_a_zygote_that_dies_costs_none() -> None:
    def kill_someone() -> None:
        zygote = eventually(zygotes)[0]
        (child, *_) = eventually(lambda: zygote.children())
        child.send_signal(signal.SIGSEGV)
        eventually(lambda: [one for one in zygote.children() if one.pid != child.pid])
        zygote.kill()

    slow = "\n\n".join(f"The {n}th man walks slowly and talks about nothing." for n in range(1500)).encode()
    killer = threading.Thread(target=kill_someone)
    killer.start()
    outcomes = list(
        parse_files(
            [to_parse(n, "a.txt", slow if n == 0 else slow + b"And more.") for n in range(2)], HOW.model_copy(update={"workers": 1})
        )
    )
    killer.join()
    assert sorted(one.failure.rule if one.failure else "" for one in outcomes) == ["", "parse.crashed"]
    assert not zygotes()


def test_a_killed_program_leaves_nothing_and_never_loads_the_parsing_libraries() -> None:
    script = """
        import sys
        from configs.settings import ParsingSettings
        from parsing.documents import ToParse
        from parsing.fingerprint import parsing_fingerprint
        from parsing.parse import parse_files
        from parsing.tabulate import tabulate
        how = ParsingSettings(workers=1)
        texts = (b"One line of text.", b"The man walks and talks slowly. " * 200_000)
        parsed = parse_files((ToParse("0" * 32, "0" * 32, "a.txt", text) for text in texts), how)
        tabulate([next(parsed)], fingerprint=parsing_fingerprint(how), buckets=1)
        loaded = {name.partition(".")[0] for name in sys.modules} & {"unstructured", "spacy", "torch", "lxml", "pypdfium2", "langdetect"}
        print(*loaded, "loaded", flush=True)
        next(parsed)
    """
    program = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "loaded\n"
    (zygote,) = psutil.Process(program.pid).children()
    folder = zygote.environ()["TMPDIR"]
    (child,) = eventually(zygote.children)
    program.kill()
    program.communicate()
    psutil.wait_procs([zygote, child], timeout=10)
    assert not zygote.is_running()
    assert not child.is_running()
    assert not os.path.exists(folder)


def zygotes() -> list[psutil.Process]:
    return [one for one in psutil.Process().children() if "parsing.zygote" in one.cmdline()]


def eventually(look: object, seconds: float = 60) -> list[psutil.Process]:
    """What `look` finds once it finds something."""
    for _ in range(int(seconds * 50)):
        found = look()  # type: ignore[operator]
        if found:
            return list(found)
        time.sleep(0.02)
    raise AssertionError("it never came")
