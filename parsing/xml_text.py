"""The text of an XML file whose vocabulary we do not know."""

from collections.abc import Iterator

from lxml import etree  # type: ignore[import-untyped]

from parsing.headings import Raw
from parsing.partition import from_html


def read_xml(content: bytes, /) -> list[Raw]:
    """One element for each innermost tag that holds text of its own, with all that is inside it. XHTML is read as HTML.

    Entities are not resolved and nothing is fetched.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
    root = etree.fromstring(content, parser)
    if etree.QName(root).localname.lower() == "html":
        return from_html(etree.tostring(root, encoding="unicode"))
    return [Raw("text", text) for text in _texts(root)]


def _texts(node: etree._Element) -> Iterator[str]:
    own = [node.text, *(child.tail for child in node)]
    if any(part and part.strip() for part in own):
        yield " ".join("".join(node.itertext()).split())
        return
    for child in node.iterchildren(etree.Element):
        yield from _texts(child)
