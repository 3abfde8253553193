"""Formulas of a Word file as text in their place, which unstructured leaves out."""

import io
import zipfile
from collections.abc import Callable

from lxml import etree  # type: ignore[import-untyped]

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PART = "word/document.xml"


def with_formulas(content: bytes, /) -> bytes:
    """The same file; if it has formulas, each is a run of text, such as `f(x)=a_0+∑_(n=1)^∞ a_n cos (nπx/L)`."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if _PART not in archive.namelist() or b"oMath" not in (part := archive.read(_PART)):
            return content
        root = etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
        for formula in list(root.iter(f"{_MATH}oMath")):
            _replace(formula)
        for paragraph in list(root.iter(f"{_MATH}oMathPara")):
            _unwrap(paragraph)
        changed = io.BytesIO()
        with zipfile.ZipFile(changed, "w", zipfile.ZIP_STORED) as copy:
            for name in archive.namelist():
                copy.writestr(name, etree.tostring(root, xml_declaration=True, encoding="UTF-8") if name == _PART else archive.read(name))
    return changed.getvalue()


def _replace(formula: etree._Element) -> None:
    run = etree.Element(f"{_WORD}r")
    text = etree.SubElement(run, f"{_WORD}t")
    following = formula.getnext()
    text.text = _row(formula) + (" " if following is not None and following.tag == formula.tag else "")
    text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.tail = formula.tail
    formula.getparent().replace(formula, run)


def _unwrap(paragraph: etree._Element) -> None:
    """Its runs in place of the wrapper, which only says how they are set."""
    parent = paragraph.getparent()
    place = parent.index(paragraph)
    parent[place : place + 1] = paragraph.findall(f"{_WORD}r")


def _line(node: etree._Element) -> str:
    """One formula or a part of it in a line, as Word's own linear format has it."""
    name = str(node.tag).removeprefix(_MATH)
    if name == "t":
        return node.text or ""
    line = _RULES[name](node) if name in _RULES else _row(node)
    return line if _letters(line) == _letters("".join(node.itertext(f"{_MATH}t"))) else _row(node)


def _letters(line: str) -> int:
    """How many: a part that its rule does not know, or knows once, must not be lost."""
    return sum(map(str.isalnum, line))


def _row(node: etree._Element | None) -> str:
    """What stands in it side by side; letters of two parts do not run together, those of two runs may be one word."""
    line, after_run = "", False
    for child in () if node is None else node.iterchildren(tag=etree.Element):
        said, is_run = _line(child), child.tag == f"{_MATH}r"
        apart = line[-1:].isalnum() and said[:1].isalnum() and not (is_run and after_run)
        line, after_run = f"{line} {said}" if apart else line + said, is_run if said else after_run
    return line


def _part(node: etree._Element, name: str) -> str:
    return _row(node.find(f"{_MATH}{name}"))


def _one(node: etree._Element, name: str) -> str:
    """A part in brackets, if it is more than a sign, a word or a number and has none yet."""
    said = _part(node, name)
    bracketed = [str(child.tag) for child in node.iterfind(f"{_MATH}{name}/*") if _line(child)] == [f"{_MATH}d"]
    return said if said.isalnum() or len(said) <= 1 or bracketed else f"({said})"


def _below_and_above(node: etree._Element, below: str = "sub", above: str = "sup") -> str:
    signs = ((sign, _one(node, name)) for sign, name in (("_", below), ("^", above)))
    return "".join(sign + said for sign, said in signs if said)


def _sign(node: etree._Element, name: str, usual: str) -> str:
    """What its properties name; where they name none, what is usual."""
    found = node.find(f"{_MATH}{str(node.tag).removeprefix(_MATH)}Pr/{_MATH}{name}")
    return usual if found is None else str(found.get(f"{_MATH}val", usual))


def _fraction(node: etree._Element) -> str:
    sign = "¦" if _sign(node, "type", "bar") == "noBar" else "/"
    return f"{_one(node, 'num')}{sign}{_one(node, 'den')}"


def _in_brackets(node: etree._Element) -> str:
    inner = _sign(node, "sepChr", "|").join(_row(part) for part in node.iterfind(f"{_MATH}e"))
    return f"{_sign(node, 'begChr', '(')}{inner}{_sign(node, 'endChr', ')')}"


def _rows(node: etree._Element, row: str, cell: str) -> str:
    lines = (" ".join(_row(part) for part in line.iterfind(cell)) if cell else _row(line) for line in node.iterfind(f"{_MATH}{row}"))
    return "; ".join(lines)


_RULES: dict[str, Callable[[etree._Element], str]] = {
    "f": _fraction,
    "d": _in_brackets,
    "nary": lambda node: f"{_sign(node, 'chr', '∫')}{_below_and_above(node)} {_part(node, 'e')}",
    "rad": lambda node: f"{_one(node, 'deg')}√{_one(node, 'e')}",
    "func": lambda node: f"{_part(node, 'fName')} {_part(node, 'e')}",
    "sPre": lambda node: f"{_below_and_above(node)} {_part(node, 'e')}",
    "eqArr": lambda node: _rows(node, "e", ""),
    "m": lambda node: _rows(node, "mr", f"{_MATH}e"),
    **dict.fromkeys(("sSub", "sSup", "sSubSup"), lambda node: _one(node, "e") + _below_and_above(node)),
    "limLow": lambda node: f"{_part(node, 'e')}_{_one(node, 'lim')}",
    "limUpp": lambda node: f"{_part(node, 'e')}^{_one(node, 'lim')}",
}
