"""Chunks of many documents at once."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import polars as pl

from chunking.cutter import Block, Limit
from chunking.cutting import Cutting
from chunking.normalise import normalise
from chunking.sections import Part, Section, sections
from contracts.ids import Identity, bucket
from contracts.ports import Tokenizer
from contracts.tables import Chunk


def chunk(elements: pl.DataFrame, how: Cutting, identity: Identity, /, *, buckets: int, fingerprint: str) -> pl.DataFrame:
    """Chunk rows for Element rows, ordered by document and place; every character of every element is in one of them, or in two where
    chunks overlap.

    A chunk is a slice of one section of its document's text and has at most as many tokens as the settings and the model's window allow.
    An edit changes the chunks that it touches and hardly any other, unless the chunker counts from the beginning: see `chunking.cut`.
    """
    parts = [Part(*row) for row in elements.sort("document_id", "char_start").select(Part._fields).iter_rows()]
    pieces = _pieces(list(sections(parts)), how)
    empty = Chunk.create_empty().select(_ROW)
    rows = pl.DataFrame([row for piece, tokens in pieces for row in _rows(piece, tokens)], schema=empty.schema, orient="row")
    return Chunk.validate(_identified(rows, identity, buckets, fingerprint))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of a section, counted from the section's start."""

    ordinal: int
    section: Section
    start: int
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def slice(self, start: int, end: int, /) -> "_Piece":
        """What lies in that span of this piece."""
        return _Piece(self.ordinal, self.section, self.start + start, self.text[start:end])

    @property
    def blocks(self) -> list[Block]:
        """The section's blocks, or what of them lies in the piece, counted from its start."""
        inside = [block for block in self.section.blocks if block.start < self.end and block.end > self.start]
        return [
            Block(
                start=max(block.start, self.start) - self.start,
                body=(block.body if self.start <= block.body < self.end else max(block.start, self.start)) - self.start,
                end=min(block.end, self.end) - self.start,
                solid=block.solid,
                prose=block.prose,
            )
            for block in inside
        ]


def _pieces(found: Sequence[Section], how: Cutting) -> list[tuple[_Piece, int]]:
    """Pieces that fit, with their tokens. A section is tokenised once and cut by its tokens; only slices that a few tokens more would make
    too long for the model, or that begin or end within a word, are counted by themselves: a slice may have other tokens than the whole.
    """
    everything = [_Piece(ordinal, section, 0, section.text) for ordinal, section in enumerate(found)]
    done, waiting = _counted([piece for piece in everything if _may_fit(piece, how.limit)], how)
    waiting += [piece for piece in everything if not _may_fit(piece, how.limit)]
    while waiting:
        doubtful: list[_Piece] = []
        for piece, spans in _tokenised(waiting, how.tokenizer):
            for smaller, tokens in _cut(piece, [start for start, _ in spans], how):
                if smaller.text == piece.text or _is_sure(smaller, tokens, piece, how.tokenizer.window):
                    done.append((smaller, max(1, tokens)))
                else:
                    doubtful.append(smaller)
        fitting, waiting = _counted(doubtful, how)
        done += fitting
    return sorted(done, key=lambda item: (item[0].ordinal, item[0].start))


def _may_fit(piece: _Piece, limit: Limit) -> bool:
    """Whether it is worth counting before it is cut: most texts have more than four characters a token."""
    return len(piece.text) <= min(4 * limit.tokens, limit.characters)


def _counted(pieces: Sequence[_Piece], how: Cutting) -> tuple[list[tuple[_Piece, int]], list[_Piece]]:
    """Pieces that fit, with their tokens, and those that do not. Counting alone costs less than to say where each token is."""
    fitting: list[tuple[_Piece, int]] = []
    others: list[_Piece] = []
    for piece, tokens in zip(pieces, how.tokenizer.count([piece.text for piece in pieces]), strict=True):
        if tokens <= how.limit.tokens and len(piece.text) <= how.limit.characters:
            fitting.append((piece, max(1, tokens)))
        else:
            others.append(piece)
    return fitting, others


_AT_ONCE = 512
"""Pieces in a call of the tokenizer: enough for its threads, and few enough that their tokens fit into memory."""


def _tokenised(pieces: Sequence[_Piece], tokenizer: Tokenizer) -> Iterator[tuple[_Piece, list[tuple[int, int]]]]:
    for first in range(0, len(pieces), _AT_ONCE):
        some = pieces[first : first + _AT_ONCE]
        yield from zip(some, tokenizer.spans([piece.text for piece in some]), strict=True)


def _cut(piece: _Piece, starts: Sequence[int], how: Cutting) -> Iterator[tuple[_Piece, int]]:
    if len(starts) <= how.limit.tokens and len(piece.text) <= how.limit.characters:
        yield piece, len(starts)
        return
    for start, end in how.cutter(piece.text, piece.blocks, starts, how.limit):
        yield piece.slice(start, end), bisect_left(starts, end) - bisect_left(starts, start)


_MARGIN = 8
"""Tokens by which a slice may differ from the same characters in the whole: a mark where a text begins, a space that stands alone."""


def _is_sure(slice_: _Piece, tokens: int, whole: _Piece, window: int) -> bool:
    """Whether the model surely reads the slice to its end: between words no tokenizer makes many more tokens of it than of the whole."""
    start, end = slice_.start - whole.start, slice_.end - whole.start
    text = whole.text
    begins = start == 0 or text[start - 1].isspace() or text[start].isspace()
    ends = end == len(text) or text[end - 1].isspace() or text[end].isspace()
    return begins and ends and tokens + _MARGIN <= window


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


def _rows(piece: _Piece, tokens: int) -> Iterator[tuple[object, ...]]:
    """The piece's row; none if it is nothing but the space between two elements."""
    section, length = piece.section, len(piece.text)
    start = section.parts[0].char_start + piece.start
    held = list(_held(section.parts, start, start + length))
    if not held:
        return
    pages = [part.page for part, _ in held]
    yield (
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
    first = max(0, bisect_right(parts, start, key=lambda part: part.char_start) - 1)
    for part in islice(parts, first, None):
        if part.char_start >= end:
            return
        held = min(end, part.char_start + len(part.text)) - max(start, part.char_start)
        if held > 0:
            yield part, held


def _most(held: Sequence[tuple[Part, int]], of: Callable[[Part], str]) -> str:
    """What most characters have; of equals the one that comes first."""
    if len(held) == 1:
        return of(held[0][0])
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
