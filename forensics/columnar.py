"""Parquet and Arrow: every page decompressed, and every value decoded, whether or not anything still names the file."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from forensics.match import Piece
from forensics.thrift import Compact

_ROWS = 16_384
_BETWEEN = pa.scalar(b"\xff\x00\xff", pa.large_binary())
"""Stands between two values, so that no needle is found where one ends and the next begins."""
_STREAM = b"\xff\xff\xff\xff"
_FILE = b"ARROW1"
_DATA_PAGE_V2 = 3


def is_parquet(head: bytes, /) -> bool:
    """Whether a file that begins so is a Parquet file."""
    return head.startswith(b"PAR1")


def is_arrow(head: bytes, /) -> bool:
    """Whether a file that begins so is an Arrow file or stream."""
    return head.startswith(_FILE) or (head.startswith(_STREAM) and len(head) > 8 and head[7] == 0)


def decode_parquet(file: BinaryIO, /) -> Iterator[Piece]:
    """The pages as they were before compression, so with dictionaries of which no row makes use, then the values of all columns."""
    whole = pq.ParquetFile(pa.PythonFile(file))
    groups = [whole.metadata.row_group(number) for number in range(whole.metadata.num_row_groups)]
    for column in (group.column(number) for group in groups for number in range(group.num_columns)):
        yield from _pages(file, column)
    for number, batch in enumerate(whole.iter_batches(_ROWS)):
        yield from _values("parquet", number * _ROWS, batch)


def decode_arrow(file: BinaryIO, /) -> Iterator[Piece]:
    """The values of all batches, up to where the file was cut off."""
    file.seek(0)
    begins = file.read(len(_FILE))
    file.seek(8 if begins == _FILE else 0)  # after its magic, an Arrow file is a stream
    rows = 0
    for batch in pa.ipc.open_stream(pa.PythonFile(file)):
        yield from _values("arrow", rows, batch)
        rows += batch.num_rows


def _pages(file: BinaryIO, column: Any) -> Iterator[Piece]:
    start = min(offset for offset in (column.dictionary_page_offset, column.data_page_offset) if offset)
    file.seek(start)
    chunk = file.read(column.total_compressed_size)
    cursor = Compact(chunk)
    while cursor.position < len(chunk):
        at, header = start + cursor.position, cursor.struct()
        packed = chunk[cursor.position : cursor.position + header[3]]
        cursor.position += header[3]
        yield Piece("parquet page", at, _unpacked(packed, header, column.compression))


def _unpacked(packed: bytes, header: dict[int, Any], codec: str) -> bytes:
    second = header.get(8, {}) if header[1] == _DATA_PAGE_V2 else {}
    levels = second.get(5, 0) + second.get(6, 0)  # of a page of the second version, these are never compressed
    if codec == "UNCOMPRESSED" or not second.get(7, True) or header[2] == levels:
        return packed
    name = "lz4_raw" if codec.startswith("LZ4") else codec.lower()
    return packed[:levels] + bytes(pa.Codec(name).decompress(packed[levels:], header[2] - levels))


def _values(name: str, row: int, batch: Any) -> Iterator[Piece]:
    for column, array in zip(batch.schema.names, batch.columns, strict=True):
        yield from (Piece(name, row, content) for content in _contents(array) if content)
        yield Piece(f"{name} column name", 0, str(column).encode())


def _contents(array: Any) -> Iterator[bytes]:
    kind = array.type
    if pa.types.is_dictionary(kind):
        yield from _contents(array.dictionary)
    elif pa.types.is_struct(kind):
        for number in range(kind.num_fields):
            yield from _contents(array.field(number))
    elif pa.types.is_map(kind):
        yield from _contents(array.keys)
        yield from _contents(array.items)
    elif hasattr(array, "values"):
        yield from _contents(array.values)
    elif _is_text(kind):
        texts = pc.fill_null(array.cast(pa.large_binary()), b"")
        joined = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), _BETWEEN)
        yield bytes(joined[0].as_buffer())
    else:
        yield from (bytes(buffer) for buffer in array.buffers() if buffer is not None)


def _is_text(kind: Any) -> bool:
    checks = ("is_string", "is_large_string", "is_string_view", "is_binary", "is_large_binary", "is_binary_view")
    return any(getattr(pa.types, check)(kind) for check in checks)
