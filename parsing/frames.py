"""Messages between the program and its parser: a JSON head and a body of bytes, each with its length before it."""

import json
import os
import struct
from typing import Any, NamedTuple

_LENGTHS = struct.Struct(">IQ")


class Message(NamedTuple):
    head: dict[str, Any]
    body: bytes


def send(pipe: int, head: dict[str, Any], body: bytes = b"", /) -> None:
    """Write one message whole. Raises OSError when nobody reads any more."""
    packed = json.dumps(head).encode()
    _write(pipe, _LENGTHS.pack(len(packed), len(body)) + packed)
    _write(pipe, body)


def receive(pipe: int, /) -> Message | None:
    """The next message, or None once the other side is gone, even in the middle of a message."""
    lengths = _read(pipe, _LENGTHS.size)
    if lengths is None:
        return None
    head_size, body_size = _LENGTHS.unpack(lengths)
    head, body = _read(pipe, head_size), _read(pipe, body_size)
    return None if head is None or body is None else Message(json.loads(head), bytes(body))


def _write(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view[: 1 << 20]) :]


def _read(pipe: int, size: int) -> bytearray | None:
    data = bytearray()
    while len(data) < size:
        part = os.read(pipe, min(size - len(data), 1 << 20))
        if not part:
            return None
        data += part
    return data
