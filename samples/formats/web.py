"""Web pages, Markdown and plain text."""

from html import escape
from itertools import pairwise
from textwrap import fill

from markdown_it import MarkdownIt

from formats.sample import Block, Sample

_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<title>{title}</title>
</head>
<body>
<nav><a href="/">Ben Sen</a> | <a href="/clinic">Clinic</a> | <a href="/housing">Housing</a> | <a href="/join">Join</a></nav>
<main>
{main}</main>
<footer>Ben Sen Co-operative, Da Nang</footer>
</body>
</html>
"""


def write_html(sample: Sample) -> bytes:
    """A web page with a menu above the text and a footer below it."""
    return _PAGE.format(language=sample.language, title=escape(sample.title), main=html_of(sample.body)).encode()


def html_of(markdown: str) -> str:
    """`markdown` as HTML, without a page around it."""
    return str(MarkdownIt("commonmark").enable("table").render(markdown))


def write_markdown(sample: Sample) -> bytes:
    """The text as it was written."""
    return sample.body.encode()


def write_text(sample: Sample) -> bytes:
    """Plain text, wrapped at 72 characters so that it fits an e-mail, with a blank line between all but the points of a list."""
    blocks = sample.blocks
    text = _plain(blocks[0])
    for before, block in pairwise(blocks):
        text += ("\n" if before.kind == block.kind == "bullet" else "\n\n") + _plain(block)
    return text.encode() + b"\n"


def _plain(block: Block) -> str:
    if block.kind == "table":
        return "\n".join("  ".join(f"{cell:<24}" for cell in row).rstrip() for row in block.rows)
    if block.kind == "heading":
        return block.text.upper() if block.level == 1 else block.text
    if block.kind == "bullet":
        return fill(block.text, 72, initial_indent="- ", subsequent_indent="  ")
    return fill(block.text, 72)
