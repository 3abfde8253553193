"""Titles above each element."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from contracts.tables import HEADING_SEPARATOR
from parsing.documents import Found

_MANY = 3


class Raw(NamedTuple):
    """An element as a format's reader gives it. `depth` is a title's level from 0; None: guessed from its looks, not stated by the document."""

    kind: str
    text: str
    html: str | None = None
    page: int = 0
    depth: int | None = None
    above: str = ""
    """What stands above every title, such as a sheet's name."""


def with_headings(elements: Sequence[Raw], language: str, /) -> Iterator[Found]:
    """The elements in their order, each with the path of titles above it, itself not included."""
    path: list[tuple[int, str]] = []
    place: tuple[str, int] | None = None
    for element in _without_false_titles(elements):
        if element.above and place != (element.above, element.page):
            path, place = [], (element.above, element.page)
        depth = element.depth or 0
        if element.kind == "title":
            path = [(level, title) for level, title in path if level < depth]
        titles = [element.above, *(title for _, title in path)] if element.above else [title for _, title in path]
        yield Found(element.kind, element.text, element.html, element.page, HEADING_SEPARATOR.join(titles), language)
        if element.kind == "title":
            path.append((depth, " ".join(element.text.split())))


def _without_false_titles(elements: Sequence[Raw]) -> Iterable[Raw]:
    """A guessed title in a row of three or more is a cell or a line of verse; one without a letter, or one that ends like a clause, is none either."""
    guessed = [element.kind == "title" and element.depth is None for element in elements]
    start = 0
    for index, element in enumerate(elements):
        if not guessed[index]:
            start = index + 1
            yield element
            continue
        end = next(
            (later for later in range(index, min(len(elements), start + _MANY)) if not guessed[later]), min(len(elements), start + _MANY)
        )
        is_title = max(end, index + 1) - start < _MANY and _looks_like_one(element.text)
        yield element if is_title else element._replace(kind="text")


def _looks_like_one(text: str) -> bool:
    clean = text.strip()
    return sum(letter.isalpha() for letter in clean) > 1 and not clean.endswith((".", ",", ";", ":")) and not clean[0].islower()
