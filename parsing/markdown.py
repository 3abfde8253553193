"""Markdown as people write it, made safe for a reader that takes it by the letter: nothing that they wrote may vanish or run together."""

import re
from itertools import pairwise

from lxml.html import defs  # type: ignore[import-untyped]

_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"^(?: {4}|\t)[^\n]*|(?<!`)(`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)\1(?!`)", re.MULTILINE | re.DOTALL)
"""An indented line, or what stands between two equal runs of marks in one paragraph."""
_TAG = re.compile(r"<(?=/?([A-Za-z][A-Za-z0-9]*)(?:\s[^<>]*)?/?>)")
_WIKI_TITLE = re.compile(r"^ ?((?:= ?){1,6}) ?([^=\s][^=\n]*?) ?((?:= ?){1,6})$", re.MULTILINE)
_LONG_LINE = 160
"""Characters: no editor wraps text so late, so a longer line is a paragraph that ends with it."""
_PLAIN_LINE = re.compile(r" {0,3}[^\s|<>#*+\-`~:!\[0-9=_]|[0-9]+(?![0-9.)])| {0,3}= ")
"""The beginning of a line that goes on with the paragraph before it, and is no item, table, quote, title or code of its own."""


def plain_markdown(text: str, /) -> str:
    """The same text, where a tag that no HTML knows is text, as in `List<String>`, each long line a paragraph, and a title as wikis write
    it, `== Title ==`, a title. Code stays as it is.
    """
    parts, at = [], 0
    for fence in _FENCED.finditer(text):
        parts += [_plain(text[at : fence.start()]), fence[0]]
        at = fence.end()
    return "".join([*parts, _plain(text[at:])])


def _plain(text: str) -> str:
    parts, at = [], 0
    for code in _CODE.finditer(text):
        parts += [_TAG.sub(_shown, text[at : code.start()]), code[0]]
        at = code.end()
    return _WIKI_TITLE.sub(_titled, _apart("".join([*parts, _TAG.sub(_shown, text[at:])])))


def _shown(tag: re.Match[str]) -> str:
    return "<" if tag[1].lower() in defs.tags else "&lt;"


def _titled(title: re.Match[str]) -> str:
    depth = title[1].count("=")
    return f"{'#' * depth} {title[2]}\n" if depth == title[3].count("=") else title[0]


def _apart(text: str) -> str:
    lines = text.split("\n")
    return lines[0] + "".join(("\n\n" if _ends(before, after) else "\n") + after for before, after in pairwise(lines))


def _ends(before: str, after: str) -> bool:
    """Whether a paragraph ends between two lines that no empty line parts."""
    return max(len(before), len(after)) > _LONG_LINE and bool(_PLAIN_LINE.match(before)) and bool(_PLAIN_LINE.match(after))
