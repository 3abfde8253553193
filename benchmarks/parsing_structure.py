"""Structure F1: how many headings, list items and rows of tables two outlines of a document have in common.

Both are bags of (kind, words); F1 = 2 × common / (ours + theirs). Kinds are heading, list item and table row. A row's words are
those of its cells, and depth, order and markup are not looked at; the number or letter before a list item is markup, as it is in Markdown.
A document whose reference has no such item is left out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from parsing.html_table import rows_as_text

Outline = Counter[tuple[str, str]]
_KINDS = {"title": "heading", "Title": "heading", "list_item": "item", "ListItem": "item"}
_TABLES = ("table", "Table")
_MARKER = re.compile(r"\A\s*\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]\s+")


def structure_f1(outline: Outline, reference: Outline, /) -> float | None:
    """From 0 to 1; None where the reference has no structure."""
    if not reference:
        return None
    return 2 * (outline & reference).total() / (outline.total() + reference.total())


def outline_of_elements(elements: Iterable[Mapping[str, Any]], /) -> Outline:
    """Of elements with `kind`, `text` and `html`, be the kinds ours or unstructured's."""
    return _bag(_items(elements))


def outline_of_markdown(text: str, /) -> Outline:
    """Of a document in Markdown with tables."""
    return _bag(_markdown(text))


def _items(elements: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for element in elements:
        if element["kind"] in _KINDS:
            yield _KINDS[element["kind"]], element["text"]
        elif element["kind"] in _TABLES:
            rows = rows_as_text(element["html"]) if element["html"] else element["text"]
            yield from (("row", row) for row in rows.splitlines())


def _markdown(text: str) -> Iterator[tuple[str, str]]:
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inside: list[str] = []
    row: list[str] = []
    for token in tokens:
        if token.type in ("heading_open", "list_item_open", "tr_open"):
            inside.append(token.type)
            row = []
        elif token.type in ("heading_close", "list_item_close", "tr_close"):
            inside.pop()
            if token.type == "tr_close":
                yield "row", " ".join(row)
        elif token.type == "inline" and inside:
            said = " ".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))
            if inside[-1] == "tr_open":
                row.append(said)
            else:
                yield ("heading" if inside[-1] == "heading_open" else "item"), said


def _bag(items: Iterable[tuple[str, str]]) -> Outline:
    unmarked = ((kind, _MARKER.sub("", text) if kind == "item" else text) for kind, text in items)
    words = ((kind, " ".join(re.findall(r"\w+", text.casefold()))) for kind, text in unmarked)
    return Counter(item for item in words if item[1])
