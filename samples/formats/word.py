"""Word documents."""

from datetime import UTC, datetime
from io import BytesIO

from docx import Document
from docx.document import Document as Word
from docx.enum.style import WD_STYLE_TYPE

from formats.archive import DAY, settle
from formats.sample import Block, Sample

_STYLES = {"paragraph": None, "bullet": "List Bullet", "step": "List Number", "note": "Intense Quote"}


def write_word(sample: Sample) -> bytes:
    """A .docx with headings, lists, tables and, where the front matter has them, a running header and footer."""
    word = Document()
    _slim(word)
    _describe(word, sample)
    for block in sample.blocks:
        _add(word, block)
    file = BytesIO()
    word.save(file)
    return settle(file.getvalue())


def _slim(word: Word) -> None:
    """The template brings a hundred table styles, twice: nine tenths of a file."""
    for style in list(word.styles):
        if style.type == WD_STYLE_TYPE.TABLE and style.name not in ("Normal Table", "Table Grid"):
            style.delete()
    for name, part in list(word.part.rels.items()):
        if part.reltype.endswith("/stylesWithEffects"):
            del word.part.rels[name]


def _describe(word: Word, sample: Sample) -> None:
    about = word.core_properties
    about.title, about.language, about.author = sample.title, sample.language, "Ben Sen Co-operative"
    about.comments, about.revision = "", 1
    about.created = about.modified = datetime(*DAY, tzinfo=UTC)
    section = word.sections[0]
    if "header" in sample.front:
        section.header.paragraphs[0].text = sample.front["header"]
    if "footer" in sample.front:
        section.footer.paragraphs[0].text = sample.front["footer"]


def _add(word: Word, block: Block) -> None:
    if block.kind == "heading":
        word.add_heading(block.text, block.level)
    elif block.kind == "table":
        table = word.add_table(len(block.rows), len(block.rows[0]), "Table Grid")
        for cells, row in zip(block.rows, table.rows, strict=True):
            for text, cell in zip(cells, row.cells, strict=True):
                cell.text = text
    else:
        word.add_paragraph(block.text, _STYLES[block.kind])
