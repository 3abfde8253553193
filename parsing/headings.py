"""Titles above each element."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from contracts.tables import HEADING_SEPARATOR
from parsing.documents import Found

_MANY = 3
"""So many guessed titles in a row are none."""


Box = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of the page, 0 to 1 from its upper left corner."""


class Link(NamedTuple):
    """Words of an element that lead somewhere, and where."""

    text: str
    target: str


class Raw(NamedTuple):
    """An element as a format's reader gives it."""

    kind: str
    text: str
    html: str | None = None
    page: int = 0
    depth: int | None = None
    """A title's level from 0; None: it was guessed from its looks, the document does not say so."""
    above: str = ""
    """What stands above every title, such as a sheet's name."""
    reader: str = ""
    """The library that read it; empty: the one that reads its format."""
    box: Box | None = None
    links: tuple[Link, ...] = ()


def with_headings(elements: Sequence[Raw], languages: Sequence[str], /, *, per_page: bool = False) -> Iterator[Found]:
    """The elements in their order, each with the path of titles above it, itself not included.

    `per_page`: a title's reach ends with its page, as on slides and sheets. `languages` are the elements' own.
    """
    path: list[tuple[int, str]] = []
    page = 0
    for element, language in zip(_without_false_titles(elements), languages, strict=True):
        if per_page and page != element.page:
            path, page = [], element.page
        depth = element.depth or 0
        if element.kind == "title":
            path = [(level, title) for level, title in path if level < depth]
        titles = [element.above, *(title for _, title in path)] if element.above else [title for _, title in path]
        above = HEADING_SEPARATOR.join(titles)
        links = tuple(link._asdict() for link in element.links) or None
        yield Found(element.kind, element.text, element.html, element.page, above, language, element.reader or None, element.box, links)
        if element.kind == "title":
            path.append((depth, " ".join(element.text.split())))


def _without_false_titles(elements: Sequence[Raw]) -> Iterator[Raw]:
    """A guessed title in a row of three or more is a cell or a line of verse; so is one that begins or ends in the middle of a clause."""
    for guessed, group in groupby(elements, lambda one: one.kind == "title" and one.depth is None):
        row = list(group)
        for element in row:
            false = guessed and (len(row) >= _MANY or not _looks_like_one(element.text))
            yield element._replace(kind="text") if false else element


def _looks_like_one(text: str) -> bool:
    clean = text.strip()
    begins = clean[:1].isalnum() or clean.startswith(("“", '"', "«", "¿", "¡"))
    letters = sum(letter.isalpha() for letter in clean)
    return begins and letters > 1 and not clean[0].islower() and not clean.endswith((".", ",", ";", ":"))
