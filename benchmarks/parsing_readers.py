"""A reader for each format that parsing does not use: what words stand in a file, by the plainest way there is.

Archives are searched by regular expressions, mail by the standard library's own choice of a body, Word and Markdown go through pandoc, PDF
through poppler. Of formulas in Word files the letters in the file are taken: pandoc writes them as commands of TeX (`frac`, `begin`), which
are nobody's words. Arabic lines are stretched by a stroke, or by a letter repeated in its place, which two readers of one page count in two
ways: so the stroke does not count, and an Arabic letter after itself counts once, in what was found as well.
"""

import io
import json
import re
import shutil
import subprocess
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes, policy
from html import unescape
from typing import Any

_WORD = re.compile(r"[^\W_]+")
_STRETCHED = re.compile("([\u0620-\u064a])\\1+")
_TAG = re.compile(r"<[^>]*>")
_BREAKS = re.compile(r"<(?:/?(?:text:p|text:h|text:line-break|text:tab|text:s|p|div|br|li|td|th|tr|h\d)\b[^>]*)>")


def word_recall(found: str, expected: str, /) -> float | None:
    """Share of the expected words, each as often as it is expected, that were found; None where there are none."""
    wanted, said = (Counter(_words(text)) for text in (expected, found))
    return (wanted & said).total() / wanted.total() if wanted else None


def _words(text: str) -> list[str]:
    return _WORD.findall(_STRETCHED.sub(r"\1", unicodedata.normalize("NFKC", text).casefold().replace("\u0640", "")))


def _word(content: bytes) -> str:
    import pypandoc  # type: ignore[import-untyped]

    call = [pypandoc.get_pandoc_path(), "--sandbox", "--wrap=none"]
    parsed = json.loads(subprocess.run([*call, "-f", "docx", "-t", "json"], input=content, capture_output=True, check=True).stdout)
    plain = json.dumps(_without_formulas(parsed)).encode()
    text = subprocess.run([*call, "-f", "json", "-t", "plain"], input=plain, capture_output=True, check=True).stdout.decode()
    parts = _members(content, r"word/document\.xml")
    formulas = (_BETWEEN_RUNS.sub("", _LOOKS.sub("", formula)) for part in parts for formula in _FORMULA.findall(part))
    return "\n".join([text, *(unescape(_TAG.sub(" ", formula)) for formula in formulas)])


_FORMULA = re.compile(r"<m:oMath>.*?</m:oMath>", re.DOTALL)
_LOOKS = re.compile(r"<([mw]:(?:rPr|ctrlPr))\b(?:[^>]*/>|.*?</\1>)", re.DOTALL)
_BETWEEN_RUNS = re.compile(r"</m:t></m:r><m:r\b[^>]*><m:t\b[^>]*>")


def _without_formulas(node: Any) -> Any:
    """pandoc's tree of a document, each formula a space."""
    if isinstance(node, list):
        return [_without_formulas(one) for one in node]
    if isinstance(node, dict):
        return {"t": "Space"} if node.get("t") == "Math" else {name: _without_formulas(one) for name, one in node.items()}
    return node


def _markdown(content: bytes) -> str:
    import pypandoc  # type: ignore[import-untyped]

    said = pypandoc.convert_text(content.decode(), "plain", format="gfm", sandbox=True, extra_args=["--wrap=none"])
    return re.sub(r"(?m)^\s*\d+\.\s", "", said)  # It numbers what the file numbers, too.


def _poppler(content: bytes) -> str:
    done = subprocess.run(["pdftotext", "-enc", "UTF-8", "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def _members(content: bytes, wanted: str) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name).decode("utf-8", "replace") for name in archive.namelist() if re.fullmatch(wanted, name)]


def _slides(content: bytes) -> str:
    parts = _members(content, r"ppt/(slides|notesSlides)/\w+\.xml")
    return "\n".join(unescape("".join(re.findall(r"<a:t>([^<]*)</a:t>", line))) for part in parts for line in part.split("</a:p>"))


def _sheets(content: bytes) -> str:
    """The strings that cells share; numbers may be written in other ways."""
    return "\n".join(unescape(_TAG.sub("", entry)) for part in _members(content, r"xl/sharedStrings\.xml") for entry in part.split("</si>"))


def _opendocument(content: bytes) -> str:
    (part,) = _members(content, r"content\.xml")
    body = part[part.index("<office:body") :]
    return unescape(_TAG.sub("", _BREAKS.sub("\n", re.sub(r"<office:annotation\b.*?</office:annotation>", "", body, flags=re.DOTALL))))


def _book(content: bytes) -> str:
    pages = _members(content, r".*\.x?html?")
    shown = (re.sub(r"<head\b.*?</head>", "", page, flags=re.DOTALL) for page in pages if 'epub:type="toc"' not in page)
    return "\n".join(unescape(_TAG.sub("", _BREAKS.sub("\n", page))) for page in shown)


def _page(content: bytes) -> str:
    from bs4 import BeautifulSoup, Comment

    soup = BeautifulSoup(content, "html.parser")
    for tag in soup(["script", "style", "head", "nav", "template", "noscript", "select", "button", "textarea", "del", "svg", "math"]):
        tag.decompose()
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    return unescape(_TAG.sub("", _BREAKS.sub("\n", str(soup))))


def _mail(content: bytes) -> str:
    if b"\0" in content[:100]:
        wide = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
        content = content.decode(wide).encode()
    body = message_from_bytes(content, policy=policy.default).get_body(("html", "plain"))  # type: ignore[attr-defined]
    if body is None:
        return ""
    return _page(body.get_content().encode()) if body.get_content_subtype() == "html" else body.get_content()


def _markup(content: bytes) -> str:
    return unescape(_TAG.sub(" ", re.sub(r"<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>]*>", "", content.decode(), flags=re.DOTALL)))


def _values(content: bytes) -> str:
    return "\n".join(str(value) for value in json.loads(content.decode()).values())


READERS: dict[str, tuple[str, Callable[[bytes], str]]] = {
    "docx": ("pandoc, and the letters of formulas", _word),
    "md": ("pandoc", _markdown),
    "pptx": ("regular expression over the slides", _slides),
    "xlsx": ("regular expression over the shared strings", _sheets),
    **dict.fromkeys(("odt", "odp", "ods"), ("regular expression over content.xml", _opendocument)),
    "epub": ("regular expression over the pages", _book),
    "html": ("BeautifulSoup", _page),
    "eml": ("the standard library's body of a message", _mail),
    "xml": ("regular expression", _markup),
    "csv": ("the bytes as text", lambda content: content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")),
    "txt": ("the bytes as text", lambda content: content.decode()),
    **({"pdf": ("poppler's pdftotext", _poppler)} if shutil.which("pdftotext") else {}),
}
"""Format → who reads it, and how. A file that its reader cannot read is not counted, and said so."""
