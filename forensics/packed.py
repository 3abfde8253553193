"""Compressed content, wherever in a file it begins: gzip, zlib, zstd, lz4, bzip2, xz and the members of zip archives."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol

import pyarrow as pa  # type: ignore[import-untyped]

_STEP = 1 << 14
_FRAME_STEP = 512
_LOCAL_HEADER = 30


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def _deflate_member(file: BinaryIO, at: int) -> Iterator[bytes]:
    """A zip member after its local header; stored ones are plain already."""
    file.seek(at)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or int.from_bytes(header[8:10], "little") != zlib.DEFLATED:
        return
    names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    yield from _feed(file, at + _LOCAL_HEADER + names, zlib.decompressobj(-zlib.MAX_WBITS))


def _by(make: Callable[[], Any]) -> Callable[[BinaryIO, int], Iterator[bytes]]:
    return lambda file, at: _feed(file, at, make())


def _by_arrow(codec: str) -> Callable[[BinaryIO, int], Iterator[bytes]]:
    """Arrow gives nothing of a step in which a frame ends and no other follows: the beginning of that step is read byte by byte."""

    def read(file: BinaryIO, at: int) -> Iterator[bytes]:
        done = 0
        try:
            for content in _stream(file, at, codec, 0, _FRAME_STEP):
                done += len(content)
                yield content
        except OSError:
            yield from _stream(file, at, codec, done, 1)

    return read


_KINDS: dict[bytes, tuple[str, Callable[[BinaryIO, int], Iterator[bytes]]]] = {
    b"\x1f\x8b\x08": ("gzip", _by(lambda: zlib.decompressobj(16 + zlib.MAX_WBITS))),
    b"PK\x03\x04": ("zip", _deflate_member),
    b"\x28\xb5\x2f\xfd": ("zstd", _by_arrow("zstd")),
    b"\x04\x22\x4d\x18": ("lz4", _by_arrow("lz4")),
    b"\xfd7zXZ\x00": ("xz", _by(lzma.LZMADecompressor)),
    b"BZh": ("bzip2", _by(bz2.BZ2Decompressor)),
    b"\x78\x01": ("zlib", _by(zlib.decompressobj)),
    b"\x78\x5e": ("zlib", _by(zlib.decompressobj)),
    b"\x78\x9c": ("zlib", _by(zlib.decompressobj)),
    b"\x78\xda": ("zlib", _by(zlib.decompressobj)),
}


def find_packed(content: bytes, /) -> Iterator[tuple[int, bytes]]:
    """Place and magic of everything in these bytes that may be the beginning of something compressed."""
    for magic in _KINDS:
        at = content.find(magic)
        while at >= 0:
            yield at, magic
            at = content.find(magic, at + 1)


def kind_of(magic: bytes, /) -> str:
    """The name of the format."""
    return _KINDS[magic][0]


def is_telling(magic: bytes, /) -> bool:
    """Whether a file that begins so is surely of that kind; two bytes turn up by chance."""
    return len(magic) > 2


def unpack(file: BinaryIO, at: int, magic: bytes, limit: int, /) -> tuple[bytes, str]:
    """What was compressed there, up to a limit and as far as it is sound, and what was wrong with it, if anything."""
    content = bytearray()
    try:
        for part in _KINDS[magic][1](file, at):
            content += part
            if len(content) > limit:
                return bytes(content[:limit]), f"holds more than {limit} bytes, and no more were looked through"
    except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
        return bytes(content), f"is damaged or cut off ({type(error).__name__})"
    return bytes(content), ""


def _stream(file: BinaryIO, at: int, codec: str, skip: int, step: int) -> Iterator[bytes]:
    file.seek(at)
    stream = pa.CompressedInputStream(pa.PythonFile(file), codec)
    if skip:
        stream.read(skip)
    while content := stream.read(step):
        yield content


def _feed(file: BinaryIO, at: int, decompressor: _Decompressor) -> Iterator[bytes]:
    file.seek(at)
    while not decompressor.eof:
        if not (part := file.read(_STEP)):
            raise EOFError
        yield decompressor.decompress(part)
