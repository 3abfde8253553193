"""Chunks of many documents at once."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from chunking.cut import Block, Limit, Span, cut
from chunking.normalise import normalise
from chunking.sections import Part, Section, sections
from configs.settings import ChunkingSettings
from contracts.ids import Identity, bucket
from contracts.ids import fingerprint as stage_fingerprint
from contracts.ports import Tokenizer
from contracts.tables import Chunk

RULES = 1
"""Raised whenever the same elements and settings would give other chunks."""


def chunk(
    elements: pl.DataFrame, how: ChunkingSettings, tokenizer: Tokenizer, identity: Identity, /, *, buckets: int, fingerprint: str
) -> pl.DataFrame:
    """Chunk rows for Element rows, ordered by document and place; every character of every element is in exactly one of them.

    A chunk is a slice of one section of its document's text. It has at most as many tokens as `how` and the model's window allow,
    counted on the slice itself. An edit changes the chunks that it touches and hardly any other: see `chunking.cut`.
    """
    parts = [Part(*row) for row in elements.sort("document_id", "char_start").select(Part._fields).iter_rows()]
    pieces = _pieces(list(sections(parts)), tokenizer, Limit(max_tokens(how, tokenizer), small=how.min_tokens))
    empty = Chunk.create_empty().select(_ROW)
    rows = pl.DataFrame([_row(piece, tokens) for piece, tokens in pieces], schema=empty.schema, orient="row")
    return Chunk.validate(_identified(rows, identity, buckets, fingerprint))


def max_tokens(how: ChunkingSettings, tokenizer: Tokenizer, /) -> int:
    """The most tokens of a chunk: as many as the settings want, never more than the model reads."""
    return min(how.max_tokens or tokenizer.window, tokenizer.window)


def chunking_fingerprint(how: ChunkingSettings, tokenizer: Tokenizer, tokenizer_identity: str, /) -> str:
    """Equal only where equal elements give equal chunks; `tokenizer_identity` is a hash of the tokenizer's own file."""
    return stage_fingerprint(
        "chunking", rules=RULES, max_tokens=max_tokens(how, tokenizer), min_tokens=how.min_tokens, tokenizer=tokenizer_identity
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a section that begins at its character `start`."""

    section: Section
    ordinal: int
    start: int
    text: str
    blocks: Sequence[Block]

    def cut(self, spans: Sequence[Span], limit: Limit, /) -> "list[_Piece]":
        """Smaller pieces, or only itself where it fits."""
        if len(spans) <= limit.tokens and len(self.text) <= limit.characters:
            return [self]
        return [
            _Piece(self.section, self.ordinal, self.start + start, self.text[start:end], _clip(self.blocks, start, end))
            for start, end in cut(self.text, self.blocks, sorted(start for start, _ in spans), limit)
        ]


def _clip(blocks: Sequence[Block], start: int, end: int) -> list[Block]:
    """The blocks, or what of them lies in that span, counted from its start."""

    inside = [block for block in blocks if block.start < end and block.end > start]
    return [
        Block(
            start=max(block.start, start) - start,
            body=(block.body if start <= block.body < end else max(block.start, start)) - start,
            end=min(block.end, end) - start,
            solid=block.solid,
        )
        for block in inside
    ]


def _pieces(found: Sequence[Section], tokenizer: Tokenizer, limit: Limit) -> list[tuple[_Piece, int]]:
    """Pieces that fit, with their tokens. Each is tokenised by itself, since a slice may have other tokens than the whole had there."""
    done: list[tuple[_Piece, int]] = []
    waiting = [_Piece(section, ordinal, 0, section.text, section.blocks) for ordinal, section in enumerate(found)]
    while waiting:
        smaller: list[_Piece] = []
        for piece, spans in zip(waiting, tokenizer.spans([piece.text for piece in waiting]), strict=True):
            match piece.cut(spans, limit):
                case [only] if only.text == piece.text:
                    done.append((piece, max(1, len(spans))))
                case pieces:
                    smaller += pieces
        waiting = smaller
    return sorted(done, key=lambda item: (item[0].ordinal, item[0].start))


_ROW = (
    "document_id",
    "version_id",
    "text",
    "heading_path",
    "page_start",
    "page_end",
    "char_start",
    "char_end",
    "element_kind",
    "language",
    "tokens",
)


def _row(piece: _Piece, tokens: int) -> tuple[object, ...]:
    section, length = piece.section, len(piece.text)
    start = section.parts[0].char_start + piece.start
    held = list(_held(section.parts, start, start + length))
    pages = [part.page for part, _ in held]
    return (
        section.parts[0].document_id,
        section.parts[0].version_id,
        piece.text,
        section.heading_path,
        min(pages),
        max(pages),
        start,
        start + length,
        _most(held, lambda part: part.kind),
        _most(held, lambda part: part.language),
        tokens,
    )


def _held(parts: Sequence[Part], start: int, end: int) -> Iterator[tuple[Part, int]]:
    """The parts that lie in a span, each with how many of its characters do."""
    for part in parts[max(0, bisect_right(parts, start, key=lambda part: part.char_start) - 1) :]:
        if part.char_start >= end:
            return
        held = min(end, part.char_start + len(part.text)) - max(start, part.char_start)
        if held > 0:
            yield part, held


def _most(held: Sequence[tuple[Part, int]], of: Callable[[Part], str]) -> str:
    """What most characters have; of equals the one that comes first."""
    characters: Counter[str] = Counter()
    for part, length in held:
        characters[of(part)] += length
    return characters.most_common(1)[0][0]


def _identified(rows: pl.DataFrame, identity: Identity, buckets: int, fingerprint: str) -> pl.DataFrame:
    """The rows with everything that is computed from them."""
    said = ("version_id", "text", "heading_path", "page_start", "page_end", "char_start", "char_end", "element_kind", "language")
    in_document = pl.int_range(pl.len(), dtype=pl.UInt32)
    rows = rows.with_columns(
        ordinal=in_document.over("document_id"), occurrence=in_document.over("document_id", "text"), key=normalise(pl.col("text"))
    )
    ids = [identity.chunk(*row) for row in rows.select("document_id", "text", "occurrence").iter_rows()]
    hashes = [identity.content(*map(str, row)) for row in rows.select(said).iter_rows()]
    return rows.with_columns(
        pl.lit(fingerprint).alias("fingerprint"),
        pl.Series("bucket", [bucket(document_id, buckets) for document_id in rows["document_id"]], dtype=pl.Int32),
        pl.Series("chunk_id", ids, dtype=pl.String),
        pl.Series("text_key", [identity.text(key) for key in rows["key"]], dtype=pl.String),
        pl.Series("content_hash", hashes, dtype=pl.String),
    ).select(Chunk.column_names())
