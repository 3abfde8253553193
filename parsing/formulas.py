"""Formulas of a Word file as text in their place, which unstructured leaves out."""

import io
import zipfile

from lxml import etree  # type: ignore[import-untyped]

_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PART = "word/document.xml"


def with_formulas(content: bytes, /) -> bytes:
    """The same file; if it has formulas, each is a run of its letters in their order.

    A fraction is `a/b`, what is raised or lowered `a^b` and `a_b`.
    """
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
    text.text = _letters(formula)
    text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.tail = formula.tail
    formula.getparent().replace(formula, run)


def _unwrap(paragraph: etree._Element) -> None:
    """Its runs in place of the wrapper, which only says how they are set."""
    parent = paragraph.getparent()
    place = parent.index(paragraph)
    parent[place : place + 1] = paragraph.findall(f"{_WORD}r")


def _letters(node: etree._Element) -> str:
    if node.tag == f"{_MATH}t":
        return node.text or ""
    parts = [_letters(child) for child in node if isinstance(child.tag, str)]
    sign = _SIGNS.get(node.tag)
    return sign.join(filter(None, parts)) if sign else "".join(parts)


_SIGNS = {f"{_MATH}f": "/", f"{_MATH}sSup": "^", f"{_MATH}sSub": "_"}
