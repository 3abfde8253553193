"""SQLite's long values, which continue on pages that may lie anywhere: main file, write-ahead log and rollback journal, live or not.

Whatever lies within one page is found by looking through the file as it is. Here the seams are joined: the end of one page's part of a
value with the beginning of the next one's, for every number that may be a link, whether a row still owns it or not.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from forensics.match import Piece

_MAIN = b"SQLite format 3\0"
_LOGS = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")
_JOURNAL = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
_LINK = 4
_TREE_PAGES = (2, 5, 10, 13)
"""First bytes of pages that hold rows or index entries."""


def is_sqlite(head: bytes, /) -> bool:
    """Whether a file that begins so is a database, its write-ahead log or its rollback journal."""
    return head.startswith((_MAIN, *_LOGS, _JOURNAL))


@dataclass(slots=True)
class _Pages:
    """Every image of every page in some files: where it lies."""

    size: int
    usable: int
    images: dict[int, list[tuple[BinaryIO, int]]] = field(default_factory=dict)

    def add(self, file: BinaryIO, places: Iterator[tuple[int, int]]) -> None:
        for at, number in places:
            self.images.setdefault(number, []).append((file, at))

    def read(self, image: tuple[BinaryIO, int]) -> bytes:
        file, at = image
        file.seek(at)
        return file.read(self.size)

    def follow(self, number: int, length: int) -> list[bytes]:
        """What each image of this page says as a part of a value, with as much of the pages after it as makes up the length."""
        pages = [self.read(image) for image in self.images[number]]
        return [self._extend(page, length) for page in pages if not _holds_rows(page)]

    def _extend(self, page: bytes, length: int) -> bytes:
        content, seen = page[_LINK : self.usable], 0
        while len(content) < length and (images := self.images.get(_link(page))) and seen < length:
            page, seen = self.read(images[-1]), seen + 1
            content += page[_LINK : self.usable]
        return content[:length]


def join_overflow(file: BinaryIO, path: Path | None, longest: int, /) -> Iterator[Piece]:
    """The seams of the values of this file, joined with pages of the database that it belongs to. `longest` is what has to fit into one."""
    file.seek(0)
    head = file.read(100)
    opened: list[BinaryIO] = [other.open("rb") for other in _relatives(path) if other.is_file()]
    try:
        pages = _pages_of(head, opened)
        if pages is None:
            return
        for other in (*opened, file):
            pages.add(other, _places(other, pages.size))
        yield from _seams(file, [at for at, _ in _places(file, pages.size)], pages, longest - 1)
    finally:
        for other in opened:
            other.close()


def _relatives(path: Path | None) -> list[Path]:
    if path is None:
        return []
    stem = path.with_name(path.name.removesuffix("-wal").removesuffix("-journal"))
    return [other for other in (stem, *(stem.with_name(stem.name + end) for end in ("-wal", "-journal"))) if other != path]


def _pages_of(head: bytes, others: list[BinaryIO]) -> _Pages | None:
    """Page sizes as a database's header states them, else as its log's does."""
    for content in (head, *(other.read(100) for other in others)):
        if content.startswith(_MAIN):
            size = int.from_bytes(content[16:18], "big")
            size = 65_536 if size == 1 else size
            return _Pages(size, size - content[20])
    size = int.from_bytes(head[8:12] if head.startswith(_LOGS) else head[24:28], "big")
    return _Pages(size, size) if 512 <= size <= 65_536 else None


def _places(file: BinaryIO, size: int) -> Iterator[tuple[int, int]]:
    """(place, page number) of each image of a page in a file, in order."""
    file.seek(0)
    head, end = file.read(100), file.seek(0, 2)
    if head.startswith(_MAIN):
        yield from ((at, at // size + 1) for at in range(0, end - size + 1, size))
    elif head.startswith(_LOGS):
        yield from _numbered(file, range(32, end - size - 23, size + 24), 24)
    elif head.startswith(_JOURNAL):
        sector = int.from_bytes(head[20:24], "big") or 512
        yield from _numbered(file, range(sector, end - size - 3, size + 8), 4)


def _numbered(file: BinaryIO, frames: range, header: int) -> Iterator[tuple[int, int]]:
    for at in frames:
        file.seek(at)
        yield at + header, int.from_bytes(file.read(4), "big")


def _seams(file: BinaryIO, places: list[int], pages: _Pages, reach: int) -> Iterator[Piece]:
    known = np.zeros(max(pages.images, default=0) + 1, dtype=np.bool_)
    known[list(pages.images)] = True
    for at in places:
        image = pages.read((file, at))
        for position, number in _links(image, known, pages.usable):
            before = image[max(0, position - reach) : position]
            for after in pages.follow(number, reach):
                yield Piece("sqlite overflow", at + position - len(before), before + after)


def _links(image: bytes, known: npt.NDArray[np.bool_], usable: int) -> Iterator[tuple[int, int]]:
    """(where the part of a value before it ends, page number) of all that may be a link."""
    if _holds_rows(image):
        yield from _within(image, known, usable)
    elif (number := _link(image)) < len(known) and known[number]:
        yield usable, number


def _within(image: bytes, known: npt.NDArray[np.bool_], usable: int) -> Iterator[tuple[int, int]]:
    """Where in a page of rows a part of a value may end: there stands the number of a page that exists."""
    for shift in range(_LINK):
        numbers: npt.NDArray[Any] = np.frombuffer(image, ">u4", (usable - shift) // _LINK, shift)
        possible = np.flatnonzero(numbers < len(known))
        for place in possible[known[numbers[possible]]]:
            yield int(place) * _LINK + shift, int(numbers[place])


def _holds_rows(page: bytes) -> bool:
    return page[0] in _TREE_PAGES or page.startswith(_MAIN)


def _link(page: bytes) -> int:
    return int.from_bytes(page[:_LINK], "big")
