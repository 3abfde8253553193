"""The letters of an RTF file, without its shapes: to count by, since pandoc loses letters after some that it cannot show."""

import re
from collections.abc import Iterator

_TOKEN = re.compile(rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)")
_SKIPPED = frozenset({b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"themedata", b"listtable", b"generator"})
_BREAKS = {b"par": "\n", b"line": "\n", b"tab": "\t", b"cell": "\n", b"row": "\n", b"sect": "\n", b"page": "\n"}
_SIGNS = {b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”"}


def letters_of_rtf(content: bytes, /) -> str:
    """Its text, a line a paragraph or cell; letters of old code pages as Windows-1252 says."""
    return "".join(_pieces(content))


def _pieces(content: bytes) -> Iterator[str]:
    skipped: list[bool] = [False]  # One a group that is open.
    fallback, left = [1], 0  # Letters that stand in for one of Unicode: how many, and how many of them are still to come.
    for match in _TOKEN.finditer(content):
        word, number, code, sign, brace, text = match.groups()
        if brace:
            left = 0
            _open_or_close(brace, skipped, fallback)
        elif word in _SKIPPED or sign == b"*":
            skipped[-1] = True
        elif word == b"uc":
            fallback[-1] = int(number or 1)
        elif skipped[-1]:
            continue
        elif word == b"u":
            left = fallback[-1]
            yield chr(int(number or 0) % 65_536)
        elif word:
            yield _BREAKS.get(word) or _SIGNS.get(word, "")
        else:
            said = bytes.fromhex(code.decode()) if code else sign if sign in (b"\\", b"{", b"}") else text or b""
            yield said[left:].decode("cp1252", "ignore")
            left = max(0, left - len(said))


def _open_or_close(brace: bytes, skipped: list[bool], fallback: list[int]) -> None:
    if brace == b"{":
        skipped.append(skipped[-1])
        fallback.append(fallback[-1])
    elif len(skipped) > 1:
        skipped.pop()
        fallback.pop()
