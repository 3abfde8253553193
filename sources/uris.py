"""The name of a file as a document: readable, in one Unicode form, and never the name of two files."""

import re
import unicodedata

_TRAPS = re.compile(r"%(?=[0-9A-Fa-f]{2})|[\x00-\x1f\x7f\udc80-\udcff]")


def uri_of(path: str, /) -> str:
    """The uri of a path relative to its root, with forward slashes, in NFC.

    Bytes that are no UTF-8, control characters, and a `%` that could be read as one of them are percent-encoded, so different paths
    have different uris; the one exception, two names that differ in their Unicode form alone, is `plain_uri_of`'s.
    """
    uri = _TRAPS.sub(_encoded, unicodedata.normalize("NFC", path))
    return uri if unicodedata.is_normalized("NFC", uri) else plain_uri_of(path)  # an accent would join the last digit of an escape


def plain_uri_of(path: str, /) -> str:
    """The uri of a path whose NFC form is another file's name: everything beyond ASCII is percent-encoded."""
    encoded = _TRAPS.sub(_encoded, path)
    return "".join(character if character.isascii() else _bytes(character) for character in encoded)


def _encoded(match: re.Match[str]) -> str:
    return _bytes(match.group())


def _bytes(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
