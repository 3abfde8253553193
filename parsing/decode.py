"""Bytes of a text file to text."""

import codecs

from contracts.results import Failure
from parsing.vietnamese import legacy_reading

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSES = ["cp1258", "cp1252", "cp1250", "cp1251", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "utf_16_le", "utf_16_be"]
_SAMPLE_BYTES = 200_000


def decode(content: bytes, /) -> str | Failure:
    """The text: by its byte-order mark, else UTF-8, else the likeliest of the usual code pages. No character is ever replaced by a mark."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(content, encoding)
    wide = _wide(content[:_SAMPLE_BYTES])
    if wide:
        return _strictly(content, wide)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(content)


def _wide(sample: bytes) -> str:
    """UTF-16 without a mark: every other byte of mostly Latin text is zero."""
    high, low = sample[0::2].count(0), sample[1::2].count(0)
    if max(high, low) <= len(sample) // 4:
        return ""
    return "utf-16-be" if high > low else "utf-16-le"


def _guess(content: bytes) -> str | Failure:
    from charset_normalizer import from_bytes

    latin = content.decode("latin-1")
    if reading := legacy_reading(latin):
        return reading(latin)
    best = from_bytes(content[:_SAMPLE_BYTES], cp_isolation=_GUESSES).best()
    return _strictly(content, best.encoding) if best else _undecodable("no known encoding")


def _strictly(content: bytes, encoding: str) -> str | Failure:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return _undecodable(f"not {encoding} at byte {error.start}")


def _undecodable(detail: str) -> Failure:
    return Failure("text.encoding", detail, "Save the file as UTF-8.")
