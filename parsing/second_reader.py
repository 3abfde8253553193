"""What a second reader finds in a file: plain text by the shortest way, in no order that matters, to hold the parser's elements against.

Each shares no step with the reader that gives the elements: archives are read as XML, pages by the standard library's parser, Markdown by
another implementation. It looks for words only; that it could never give headings or tables is why it is so short that it loses none.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from functools import partial
from html.parser import HTMLParser

from lxml import etree  # type: ignore[import-untyped]

from contracts.results import Failure
from parsing.decode import decode
from parsing.rich_text import letters_of_rtf

_HIDDEN = frozenset(
    {"script", "style", "head", "title", "template", "noscript", "svg", "math", "object", "iframe", "nav", "dialog", "audio", "video",
     "canvas", "del", "select", "datalist", "textarea", "button"}
)  # fmt: skip
"""What is no text of the page: programs and pictures, navigation, what was struck out, and what a reader fills in."""
_BESIDE_MAIN = frozenset({"header", "footer", "aside"})
"""Of a page that says which part is the main one."""
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s", "samp",
     "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
)  # fmt: skip
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_WORD_PARTS = re.compile(r"word/(document|footnotes|endnotes)\d*\.xml")
_SLIDE_PARTS = re.compile(r"ppt/(slides/slide|notesSlides/notesSlide|diagrams/data)\d+\.xml")
_SHEET_PARTS = re.compile(r"xl/worksheets/sheet\d+\.xml")
_BOOK_PAGE = re.compile(r"\.x?html?$", re.IGNORECASE)
_ODF_LEFT_OUT = re.compile(r"\}(annotation|tracked-changes|note-citation)$")
_ODF_PARAGRAPH = re.compile(r"\}(p|h)$")


def second_text(content: bytes, format_: str, /) -> str | None:
    """Its text by the second reader, or None where there is no second reader of this format."""
    reader = _READERS.get(format_)
    return None if reader is None else reader(content)


def visible_text(page: str, /) -> str:
    """What a browser shows of a page, form controls apart."""
    reader = _Page(has_main="<main" in page.lower())
    reader.feed(page)
    reader.close()
    return "".join(reader.pieces)


class _Page(HTMLParser):
    def __init__(self, *, has_main: bool) -> None:
        super().__init__(convert_charrefs=True)
        self._beside_main = _BESIDE_MAIN if has_main else frozenset()
        self.pieces: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "main":
            self._beside_main = frozenset()
        if tag in _HIDDEN or tag in self._beside_main:
            self._hidden.append(tag)
        if tag == "body":
            self._hidden.clear()
        if tag not in _INLINE:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        if tag == "main":
            self._beside_main = _BESIDE_MAIN
        if tag not in _INLINE:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def _plain(content: bytes) -> str:
    text = decode(content)
    return "" if isinstance(text, Failure) else text


def _markdown(content: bytes) -> str:
    from markdown_it import MarkdownIt

    text = _plain(content)
    return visible_text(MarkdownIt("commonmark").enable("table").render(re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)))


def _parts(content: bytes, wanted: re.Pattern[str]) -> Iterator[etree._Element]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if wanted.fullmatch(name):
                yield _xml(archive.read(name))


def _xml(content: bytes) -> etree._Element:
    return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def _docx(content: bytes) -> str:
    from parsing.strict_office import transitional

    return "\n".join(_runs(part, _W) for part in _parts(transitional(content), _WORD_PARTS))


def _pptx(content: bytes) -> str:
    from parsing.strict_office import transitional

    return "\n".join(_runs(part, _A) for part in _parts(transitional(content), _SLIDE_PARTS))


def _runs(part: etree._Element, space: str) -> str:
    """The text of all runs, a line a paragraph."""
    pieces: list[str] = []
    for node in part.iter(f"{space}t", f"{space}tab", f"{space}br", f"{space}p", _MATH):
        if next(node.iterancestors(_FALLBACK), None) is not None:
            continue
        pieces.append(node.text or "" if node.tag in (f"{space}t", _MATH) else "\n")
    return "".join(pieces)


def _xlsx(content: bytes) -> str:
    """The cells that hold words; how a number is written out is not the reader's to know."""
    from parsing.strict_office import transitional

    content = transitional(content)
    shared = [
        "".join(node.text or "" for node in entry.iter(f"{_S}t") if node.getparent().tag != f"{_S}rPh")
        for part in _parts(content, re.compile(r"xl/sharedStrings\.xml"))
        for entry in part.iter(f"{_S}si")
    ]
    return "\n".join(text for part in _parts(content, _SHEET_PARTS) for text in _cells(part, shared))


def _cells(sheet: etree._Element, shared: list[str]) -> Iterator[str]:
    for cell in sheet.iter(f"{_S}c"):
        value = "".join(node.text or "" for node in cell.iter(f"{_S}v"))
        match cell.get("t"):
            case "s":
                yield shared[int(value)]
            case "inlineStr":
                yield "".join(node.text or "" for node in cell.iter(f"{_S}t"))
            case "str":
                yield value


def _opendocument(content: bytes) -> str:
    paragraphs: list[str] = []
    for part in _parts(content, re.compile(r"content\.xml")):
        for node in list(part.iter()):
            if isinstance(node.tag, str) and _ODF_LEFT_OUT.search(node.tag) and node.getparent() is not None:
                node.clear(keep_tail=True)
        nodes = (node for node in part.iter() if isinstance(node.tag, str) and _ODF_PARAGRAPH.search(node.tag))
        paragraphs.extend("".join(_own(node)) for node in nodes)
    return "\n".join(paragraphs)


def _own(paragraph: etree._Element) -> Iterator[str]:
    """Its text without that of paragraphs inside it, which come by themselves."""
    text = [paragraph.text or ""]
    for child in paragraph:
        if isinstance(child.tag, str) and not _ODF_PARAGRAPH.search(child.tag):
            spaced = child.tag.rpartition("}")[2] in ("s", "tab", "line-break")
            text.append(" " if spaced else "".join(_own(child)))
        text.append(child.tail or "")
    yield "".join(text)


def _epub(content: bytes) -> str:
    """Every page in the archive, whether the spine names it or not."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        pages = (archive.read(name) for name in archive.namelist() if _BOOK_PAGE.search(name))
        return "\n".join(visible_text(_plain(page)) for page in pages)


def _mail(content: bytes) -> str:
    """The subject and the text parts that no richer one stands for."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:64]:
        content = _plain(content).encode()
    return "\n".join(_message(message_from_bytes(content, policy=policy.compat32)))


def _message(part: Message) -> Iterator[str]:
    if subject := part.get("Subject"):
        yield str(make_header(decode_header(subject)))
    payload = part.get_payload()
    if isinstance(payload, list):
        for one in payload[-1:] if part.get_content_subtype() == "alternative" else payload:
            yield from _message(one) if isinstance(one, Message) else ()
    elif part.get_content_maintype() == "text" and not part.get_filename() and part.get_content_disposition() != "attachment":
        raw = part.get_payload(decode=True)
        text = _plain(raw) if isinstance(raw, bytes) and raw else ""
        yield visible_text(text) if part.get_content_subtype() == "html" else text


def _outlook(content: bytes) -> str:
    """Subject and plain body, from the properties of those numbers."""
    import olefile  # type: ignore[import-untyped]

    with olefile.OleFileIO(content) as file:
        streams = [f"__substg1.0_{number}001F" for number in ("0037", "1000")]
        return "\n".join(file.openstream(name).read().decode("utf-16-le", "ignore") for name in streams if file.exists(name))


def _xml_text(content: bytes) -> str:
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True))
    pieces = [part for node in root.iter() for part in (node.text if isinstance(node.tag, str) else "", node.tail)]
    return "\n".join(filter(None, pieces))


def _json_text(content: bytes) -> str:
    """Every value of a document or of each line."""
    text = _plain(content)
    try:
        values = [_values(text)]
    except ValueError:
        values = [_values(line) for line in text.splitlines() if line.strip()]
    return "\n".join(_leaves(values))


def _values(text: str) -> object:
    return json.loads(text, parse_float=str, parse_int=str)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    elif value is not None:
        yield str(value)


def _markup(format_: str, content: bytes) -> str:
    """What pandoc writes as plain text: the source has words of its own language in it."""
    import pypandoc  # type: ignore[import-untyped]

    return str(pypandoc.convert_text(_plain(content), "plain", format=format_, sandbox=True, extra_args=["--wrap=none", "--standalone"]))


def _notebook(content: bytes) -> str:
    return "\n".join("".join(cell.get("source", "")) for cell in json.loads(_plain(content)).get("cells", ()))


_READERS: dict[str, Callable[[bytes], str]] = {
    "txt": _plain,
    "csv": _plain,
    "md": _markdown,
    "html": lambda content: visible_text(_plain(content)),
    "docx": _docx,
    "pptx": _pptx,
    "xlsx": _xlsx,
    **dict.fromkeys(("odt", "ods", "odp"), _opendocument),
    "epub": _epub,
    "eml": _mail,
    "msg": _outlook,
    "xml": _xml_text,
    "json": _json_text,
    "ipynb": _notebook,
    **{format_: partial(_markup, format_) for format_ in ("org", "rst", "asciidoc", "latex")},
    "rtf": letters_of_rtf,
}
