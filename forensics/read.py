"""A file as pieces to look through: its bytes, and what each decoder that knows its format makes of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from forensics.columnar import decode_arrow, decode_parquet, is_arrow, is_parquet
from forensics.match import Piece
from forensics.packed import find_packed, is_telling, kind_of, unpack
from forensics.sqlite import is_sqlite, join_overflow

_STEP = 4 << 20
_UNPACKED = 256 << 20
_DEPTH = 4
_ESCAPES = re.compile(rb'(?:\\u[0-9a-fA-F]{4})+|\\["\\/bfnrt]')
_CODE = re.compile(rb"\\u[0-9a-fA-F]{4}")
_PLAIN = {b'\\"': b'"', b"\\\\": b"\\", b"\\/": b"/", b"\\b": b"\b", b"\\f": b"\f", b"\\n": b"\n", b"\\r": b"\r", b"\\t": b"\t"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What a decoder could not look through. Says nothing of the content."""

    decoder: str
    problem: str


def read_pieces(file: BinaryIO, path: Path | None, longest: int, /, *, depth: int = 0) -> Iterator[Piece | Problem]:
    """Every byte of the file at least once, no `longest` bytes in a row ever cut in two; `path` where the file has relatives."""
    packed: set[tuple[int, bytes]] = set()
    for piece in _raw(file, longest - 1):
        packed |= {(piece.offset + at, magic) for at, magic in find_packed(piece.content)}
        yield from _unescaped(piece)
    for found in _decoded(file, path, longest):
        if isinstance(found, Piece):
            yield from _unescaped(found)
        else:
            yield found
    for at, magic in sorted(packed):
        yield from _unpacked(file, at, magic, longest, depth)


def _raw(file: BinaryIO, overlap: int) -> Iterator[Piece]:
    file.seek(0)
    offset, tail = 0, b""
    while step := file.read(_STEP):
        yield Piece("raw", offset - len(tail), tail + step, len(tail))
        offset += len(step)
        tail = (tail + step)[-overlap:]


def _decoded(file: BinaryIO, path: Path | None, longest: int) -> Iterator[Piece | Problem]:
    file.seek(0)
    head = file.read(100)
    if is_parquet(head):
        yield from _told("parquet", decode_parquet(file))
    elif is_arrow(head):
        yield from _told("arrow", decode_arrow(file))
    elif is_sqlite(head):
        yield from _told("sqlite", join_overflow(file, path, longest))


def _told(decoder: str, pieces: Iterator[Piece]) -> Iterator[Piece | Problem]:
    """What a library raises may quote content, so only its kind is passed on; and of damaged bytes it may raise anything."""
    try:
        yield from pieces
    except Exception as error:
        yield Problem(decoder, f"is damaged, cut off or of an unknown kind ({type(error).__name__})")


def _unpacked(file: BinaryIO, at: int, magic: bytes, longest: int, depth: int) -> Iterator[Piece | Problem]:
    whole_file = at == 0 and is_telling(magic)
    if depth == _DEPTH:
        if whole_file:
            yield Problem(kind_of(magic), f"lies within {_DEPTH} others, and was not unpacked")
        return
    content, problem = unpack(file, at, magic, _UNPACKED)
    if problem and (whole_file or len(content) == _UNPACKED):
        yield Problem(kind_of(magic), problem)
    for found in read_pieces(BytesIO(content), None, longest, depth=depth + 1) if content else ():
        yield replace(found, decoder=f"{kind_of(magic)} at {at}: {found.decoder}")


def _unescaped(piece: Piece) -> Iterator[Piece]:
    """The piece, and what it says if it is JSON, however often one was put into another."""
    yield piece
    content = piece.content
    while b"\\u" in content and _CODE.search(content):
        content = _ESCAPES.sub(lambda found: _PLAIN.get(found[0]) or _text_of(found[0]), content)
        yield Piece(f"{piece.decoder} JSON", piece.offset, content)


def _text_of(codes: bytes) -> bytes:
    units = bytes.fromhex(codes.replace(b"\\u", b"").decode())
    return units.decode("utf-16-be", "replace").encode()
