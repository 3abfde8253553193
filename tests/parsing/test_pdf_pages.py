"""Laws of PDF files, page by page, and of text recognition where it is installed."""

import io
import unicodedata
from pathlib import Path

import matplotlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from contracts.results import Failure
from parsing import ocr
from parsing.pdf import read_pdf
from parsing.pdf_layer import sound
from parsing.read import read
from parsing.reading import How, Read

FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
HOW = How(ocr_languages=("vie", "eng"), min_coverage=0.8, flag_coverage=0.95)
VIETNAMESE = "Hội đồng quản trị họp mỗi quý một lần và thông báo cho các cổ đông."
needs_tesseract = pytest.mark.skipif(not ocr.installed(("vie",)), reason="tesseract with Vietnamese is not installed")


@pytest.fixture(scope="module", autouse=True)
def _font() -> None:
    pdfmetrics.registerFont(TTFont("DejaVu", str(FONT)))


class Sheets:
    """A PDF in the making."""

    def __init__(self, password: str | None = None) -> None:
        self.buffer = io.BytesIO()
        self.canvas = Canvas(self.buffer, encrypt=password, pagesize=(595, 842))

    def page(self, *lines: tuple[str, float, float], size: float = 11) -> "Sheets":
        """A page with these texts at these places."""
        self.canvas.setFont("DejaVu", size)
        for text, across, up in lines:
            self.canvas.drawString(across, up, text)
        self.canvas.showPage()
        return self

    def scan(self, text: str) -> "Sheets":
        self.canvas.drawImage(ImageReader(picture(text)), 0, 0, 595, 842)
        self.canvas.showPage()
        return self

    def bytes(self) -> bytes:
        self.canvas.save()
        return self.buffer.getvalue()


def picture(text: str) -> Image.Image:
    image = Image.new("RGB", (1240, 1754), "white")
    ImageDraw.Draw(image).text((120, 200), text, fill="black", font=ImageFont.truetype(str(FONT), 30))
    return image


def found(content: bytes, how: How = HOW) -> Read:
    outcome = read_pdf(content, how)
    assert isinstance(outcome, Read)
    return outcome


@given(st.lists(st.text(st.sampled_from("abcdefghij ĐđƠơƯưạảấầẩẫậ"), min_size=1, max_size=40), min_size=1, max_size=30))
@settings(deadline=None, max_examples=30)
def test_every_letter_of_a_page_is_in_one_element_in_its_order(lines: list[str]) -> None:
    _register()
    letters = "".join("".join(lines).split())
    page = Sheets().page(*((line, 72, 800 - 25 * number) for number, line in enumerate(lines)))
    outcome = found(page.bytes())
    assert "".join("".join(one.text for one in outcome.elements).split()) == letters
    assert outcome.coverage in (1, None)
    assert all(one.box and 0 <= one.box[0] < one.box[2] <= 1 and 0 <= one.box[1] < one.box[3] <= 1 for one in outcome.elements)
    assert {one.reader for one in outcome.elements} <= {"pypdfium2"}


def _register() -> None:
    pdfmetrics.registerFont(TTFont("DejaVu", str(FONT)))


def test_larger_lines_are_titles_by_their_size_and_lines_close_together_a_paragraph() -> None:
    sheets = Sheets()
    for size, text, up in ((20, "Handbook", 780), (14, "Holidays", 740), (11, "Everybody has twelve", 700), (11, "days a year.", 686)):
        sheets.canvas.setFont("DejaVu", size)
        sheets.canvas.drawString(72, up, text)
    elements = found(
        sheets.page(("- Ask first", 72, 640), ("1. Then go", 72, 626), ("There is no other rule than these in this book.", 72, 560)).bytes()
    ).elements
    assert [(one.kind, one.text, one.depth) for one in elements] == [
        ("title", "Handbook", 0),
        ("title", "Holidays", 1),
        ("text", "Everybody has twelve\ndays a year.", None),
        ("list_item", "- Ask first", None),
        ("list_item", "1. Then go", None),
        ("text", "There is no other rule than these in this book.", None),
    ]


def test_text_off_the_page_is_not_there_and_text_printed_twice_is_there_once() -> None:
    page = Sheets().page(("On the page.", 72, 700), ("Below it.", 72, -40), ("Beside it.", 900, 700), ("On the page.", 72, 700))
    outcome = found(page.bytes())
    assert [one.text for one in outcome.elements] == ["On the page."]
    assert outcome.coverage == 1


def test_accents_that_stand_apart_from_their_letters_are_put_on_them() -> None:
    page = Sheets().page((unicodedata.normalize("NFD", VIETNAMESE), 72, 700), (unicodedata.normalize("NFD", VIETNAMESE), 72, 600))
    assert [one.text for one in found(page.bytes()).elements] == [VIETNAMESE, VIETNAMESE]


def test_a_locked_file_opens_by_a_password_of_its_source_and_else_says_how_many_were_tried() -> None:
    locked = Sheets(password="thứ ba".encode().hex()).page(("A secret.", 72, 700)).bytes()
    right = "thứ ba".encode().hex()
    assert [one.text for one in found(locked, How(passwords=("wrong", right))).elements] == ["A secret."]
    for how, detail in ((How(), "a PDF locked with a password"), (How(passwords=("a", "b")), "none of the 2 passwords")):
        refused = read_pdf(locked, how)
        assert isinstance(refused, Failure)
        assert refused.rule == "pdf.encrypted"
        assert detail in refused.detail


def test_pages_that_are_pictures_are_flagged_where_nothing_can_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_known", lambda: ())
    mixed = found(Sheets().page(("There is text on this page.", 72, 700)).scan("A scan").bytes())
    assert mixed.flag is not None
    assert (mixed.flag.rule, mixed.flag.detail[:12]) == ("parse.pages_unread", "1 of 2 pages")
    scan = read_pdf(Sheets().scan("A scan").bytes(), HOW)
    assert isinstance(scan, Failure)
    assert scan.rule == "pdf.no_text_layer"
    drawn = io.BytesIO()
    picture("A scan").save(drawn, "PNG")
    assert read(drawn.getvalue(), "a.png", HOW)["failure"][0] == "ocr.not_installed"


@needs_tesseract
def test_scanned_pages_and_pictures_are_read_by_text_recognition() -> None:
    told: list[float] = []
    how = How(ocr_languages=("vie", "eng", "nonesuch"), more_time=told.append)
    outcome = found(Sheets().page(("There is text on this page.", 72, 700)).scan(VIETNAMESE).bytes(), how)
    assert [(one.page, one.reader, unicodedata.normalize("NFC", one.text)) for one in outcome.elements] == [
        (1, "pypdfium2", "There is text on this page."),
        (2, "tesseract", VIETNAMESE),
    ]
    assert outcome.flag is None
    assert told == [ocr.SECONDS_A_PAGE]
    drawn = io.BytesIO()
    picture("Seen once").save(drawn, "TIFF", save_all=True, append_images=[picture("Seen twice")])
    pages = read(drawn.getvalue(), "a.tiff", how)["elements"]
    assert [(one.text, one.page) for one in pages] == [("Seen once", 1), ("Seen twice", 2)]


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "_known", lambda: ("eng",))
    drawn = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(drawn, "PNG")
    refused = read(drawn.getvalue(), "a.png", How())
    assert refused["failure"][0] == "file.too_large"


def test_a_latin_word_in_an_arabic_line_is_a_word_of_its_own() -> None:
    assert sound("\u0645\u0639Python\u0648") == "\u0645\u0639 Python \u0648"
