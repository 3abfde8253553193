"""Slides."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO

from pptx import Presentation
from pptx.presentation import Presentation as Deck
from pptx.slide import Slide
from pptx.util import Cm, Pt

from formats.archive import DAY, settle
from formats.sample import Block, Sample

_TITLE_AND_TEXT, _TITLE_ONLY = 1, 5


def write_slides(sample: Sample) -> bytes:
    """A .pptx in which every heading of the first level starts a slide, and a quotation becomes its speaker's notes."""
    deck = Presentation()
    about = deck.core_properties
    about.title, about.language, about.author, about.last_modified_by = sample.title, sample.language, "Ben Sen Co-operative", ""
    about.created = about.modified = datetime(*DAY, tzinfo=UTC)
    for title, blocks in by_heading(sample.blocks):
        table = next((block for block in blocks if block.kind == "table"), None)
        slide = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY if table else _TITLE_AND_TEXT])
        slide.shapes.title.text = title
        if table:
            _add_table(slide, table)
        else:
            slide.placeholders[1].text = "\n".join(block.text for block in blocks if block.kind != "note")
        notes = "\n".join(block.text for block in blocks if block.kind == "note")
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    _slim(deck)
    file = BytesIO()
    deck.save(file)
    return settle(file.getvalue())


def by_heading(blocks: Sequence[Block]) -> Iterator[tuple[str, list[Block]]]:
    """Each heading of the first level with the blocks below it."""
    starts = [n for n, block in enumerate(blocks) if block.kind == "heading" and block.level == 1]
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        yield blocks[start].text, list(blocks[start + 1 : end])


def _add_table(slide: Slide, block: Block) -> None:
    table = slide.shapes.add_table(len(block.rows), len(block.rows[0]), Cm(1.5), Cm(4.5), Cm(22), Cm(1.2 * len(block.rows))).table
    for y, row in enumerate(block.rows):
        for x, text in enumerate(row):
            cell = table.cell(y, x)
            cell.text = text
            cell.text_frame.paragraphs[0].font.size = Pt(16)


def _slim(deck: Deck) -> None:
    """Layouts that no slide uses are most of a small file."""
    for layout in list(deck.slide_layouts):
        if not layout.used_by_slides:
            deck.slide_layouts.remove(layout)
