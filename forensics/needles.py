"""What is looked for: byte strings, and every form in which formats, encodings and logs write the same string down."""

import base64
import html
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from contracts.errors import UsageError

SHORTEST = 8
"""Bytes. Anything shorter turns up by chance in a large workspace."""
_BINARY = "hex:"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One form of one needle. `needle` is its number from 0, all that a report may say of it."""

    needle: int
    form: str
    sought: bytes


def read_needles(path: Path, /) -> tuple[bytes, ...]:
    """The needles of a file: one text a line in UTF-8, or `hex:` and the digits of any bytes. UsageError names the line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: the needles cannot be read ({type(error).__name__}). Is it a text file in UTF-8?") from None
    needles = tuple(_parse(line, f"{path}, line {number}") for number, line in enumerate(lines, start=1) if line.strip())
    if not needles:
        raise UsageError(f"{path}: no needle in it. Write one text a line, or hex: and digits")
    return needles


def forms(needles: Sequence[bytes], /) -> tuple[Pattern, ...]:
    """Every form of every needle, each once, under the name of the simplest. UsageError for a needle too short to mean anything."""
    for number, needle in enumerate(needles):
        if len(needle) < SHORTEST:
            raise UsageError(f"needle {number} has {len(needle)} bytes; fewer than {SHORTEST} turn up by chance. Give a longer one")
    return tuple(pattern for number, needle in enumerate(needles) for pattern in _of_one(number, needle))


def _parse(line: str, where: str) -> bytes:
    if not line.startswith(_BINARY):
        return line.encode()
    try:
        return bytes.fromhex(line.removeprefix(_BINARY))
    except ValueError:
        raise UsageError(f"{where}: what follows hex: must be pairs of hexadecimal digits") from None


def _of_one(number: int, needle: bytes) -> Iterator[Pattern]:
    seen = set()
    for form, sought in _written(needle):
        if sought not in seen:
            seen.add(sought)
            yield Pattern(number, form, sought)


def _written(needle: bytes) -> Iterator[tuple[str, bytes]]:
    yield "as it is", needle
    for name, text in _texts(needle):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            yield f"{name} {encoding}", text.encode(encoding)
        yield from ((f"{name} {form}", written.encode()) for form, written in _escaped(text))
        yield from _in_digits(name, text.encode())
    yield from _in_digits("bytes", needle)


def _texts(needle: bytes) -> Iterator[tuple[str, str]]:
    """A needle that is text, in the spellings that are the same to a reader."""
    try:
        text = needle.decode()
    except UnicodeDecodeError:
        return
    for name in ("NFC", "NFD"):
        spelled = unicodedata.normalize(name, text)
        yield name, spelled
        yield f"{name} lower case", spelled.lower()


def _escaped(text: str) -> Iterator[tuple[str, str]]:
    for name, ascii_only in (("JSON", True), ("JSON unescaped", False)):
        once = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield name, once
        yield f"{name} in JSON", json.dumps(once)[1:-1]
    yield "JSON upper case", "".join(json.dumps(c)[1:-1] if c < "\x80" else json.dumps(c)[1:-1].upper().replace("\\U", "\\u") for c in text)
    yield "HTML", html.escape(text)
    yield "HTML without quotes", html.escape(text, quote=False)
    yield "URL", quote(text)
    yield "URL with slashes", quote(text, safe="")


def _in_digits(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    yield f"{name} hex", content.hex().encode()
    yield f"{name} HEX", content.hex().upper().encode()
    for before in range(3):
        # Of a string inside a longer one, the digits at either end also depend on its neighbours.
        digits = base64.b64encode(b"\0" * before + content)
        inner = digits[(0, 2, 3)[before] : 4 * ((before + len(content)) // 3) + (0, 1, 2)[(before + len(content)) % 3]]
        yield f"{name} base64", inner
        yield f"{name} base64url", inner.translate(bytes.maketrans(b"+/", b"-_"))
