"""A sample as a person wrote it: a front matter in YAML and a text in Markdown."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind = Literal["heading", "paragraph", "bullet", "step", "table", "note"]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a text. `rows` are a table's cells, its header first; `level` is a heading's, from 1."""

    kind: Kind
    text: str = ""
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """`uri` is where the file goes, relative to the corpus; `front` says how it is made and under which terms it is held."""

    uri: str
    front: Mapping[str, Any]
    body: str

    @property
    def blocks(self) -> tuple[Block, ...]:
        return read_blocks(self.body)

    @property
    def title(self) -> str:
        return str(self.front["title"])

    @property
    def language(self) -> str:
        return str(self.front["language"])


def read_sample(path: Path, content: Path) -> Sample:
    """The sample at `content/FOLDER/NAME.EXT.md`, which becomes the file `FOLDER/NAME.EXT`."""
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return Sample(path.relative_to(content).as_posix().removesuffix(".md"), yaml.safe_load(front), body.strip() + "\n")


def read_blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks of `markdown` in reading order. A quotation (`> …`) is a note: what a speaker says beside a slide."""
    blocks: list[Block] = []
    inside: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.nesting == 1:
            inside.append(token)
        if token.type == "inline":
            _add(blocks, token, inside)
        elif token.type == "table_open":
            blocks.append(Block("table"))
        elif token.type == "tr_open":
            blocks[-1] = Block("table", rows=(*blocks[-1].rows, ()))
        if token.nesting == -1:
            inside.pop()
    return tuple(blocks)


def _add(blocks: list[Block], token: Token, inside: list[Token]) -> None:
    text = token.content.replace("\n", " ")
    around = {parent.type for parent in inside}
    if "table_open" in around:
        *before, row = blocks[-1].rows
        blocks[-1] = Block("table", rows=(*before, (*row, text)))
    elif "heading_open" in around:
        blocks.append(Block("heading", text, level=int(inside[-1].tag[1:])))
    else:
        blocks.append(Block(_kind(around), text))


def _kind(around: set[str]) -> Kind:
    if "blockquote_open" in around:
        return "note"
    if "ordered_list_open" in around:
        return "step"
    return "bullet" if "bullet_list_open" in around else "paragraph"
