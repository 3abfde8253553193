"""PDF files."""

from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from reportlab.lib.colors import grey, whitesmoke  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A5  # type: ignore[import-untyped]
from reportlab.lib.pdfencrypt import StandardEncryption  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table  # type: ignore[import-untyped]

from formats.sample import Block, Sample

_MARGIN = 18 * mm
_TEXT = {"fontSize": 9.5, "leading": 14, "spaceAfter": 6}
_ITEM = {"fontSize": 9.5, "leading": 14, "spaceAfter": 3, "leftIndent": 14, "bulletIndent": 2}
_CELL = {"fontSize": 8.5, "leading": 11}
_GRID = [("GRID", (0, 0), (-1, -1), 0.5, grey), ("BACKGROUND", (0, 0), (-1, 0), whitesmoke), ("VALIGN", (0, 0), (-1, -1), "TOP")]


def write_pdf(sample: Sample) -> bytes:
    """A PDF of A5 pages with a text layer; its header, footer and page number run on every page, and a `password` encrypts it."""
    font = _font(sample.language)
    file = BytesIO()
    password = sample.front.get("password")
    template = SimpleDocTemplate(
        file,
        pagesize=A5,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        title=sample.title,
        author="Ben Sen Co-operative",
        lang=sample.language,
        invariant=1,
        pageCompression=0,  # as in archive.py: builds of zlib disagree about the bytes
        # 128 bits: reportlab's 256 draw random salts, and the file must come out the same every time.
        encrypt=StandardEncryption(password, strength=128) if password else None,
    )
    running = _running(sample, font)
    template.build(_story(sample, font), onFirstPage=running, onLaterPages=running)
    return file.getvalue()


@cache
def _font(language: str) -> str:
    """A font that every PDF reader has; for Vietnamese, whose letters those lack, one that is put into the file."""
    if language != "vi":
        return "Helvetica"
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    pdfmetrics.registerFont(TTFont("DejaVu", folder / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(TTFont("DejaVu-Bold", folder / "DejaVuSans-Bold.ttf"))
    return "DejaVu"


def _running(sample: Sample, font: str) -> Any:
    def draw(canvas: Any, template: Any) -> None:
        width, height = template.pagesize
        canvas.setFont(font, 7.5)
        canvas.drawString(_MARGIN, height - 11 * mm, sample.front["header"])
        canvas.drawString(_MARGIN, 10 * mm, sample.front["footer"])
        canvas.drawRightString(width - _MARGIN, 10 * mm, str(template.page))

    return draw


def _story(sample: Sample, font: str) -> list[Any]:
    story: list[Any] = []
    step = 0
    for block in sample.blocks:
        step = step + 1 if block.kind == "step" else 0
        story.append(_flowable(block, font, f"{step}." if step else "•"))
    return story


def _flowable(block: Block, font: str, mark: str) -> Any:
    if block.kind == "table":
        style = ParagraphStyle("cell", fontName=font, **_CELL)
        cells = [[Paragraph(cell, style) for cell in row] for row in block.rows]
        return Table(cells, style=_GRID, repeatRows=1, spaceBefore=4, spaceAfter=8)
    if block.kind == "heading":
        size = 17 - 2 * block.level
        shape = {"fontSize": size, "leading": size + 4, "spaceBefore": 8, "spaceAfter": 4}
        return Paragraph(block.text, ParagraphStyle("heading", fontName=f"{font}-Bold", keepWithNext=1, **shape))
    if block.kind in ("bullet", "step"):
        return Paragraph(block.text, ParagraphStyle("item", fontName=font, bulletFontName=font, **_ITEM), bulletText=mark)
    return Paragraph(block.text, ParagraphStyle("text", fontName=font, **_TEXT))
