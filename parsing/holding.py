"""Files that hold files: what a reader of archives or of messages gives, and within which limits."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from contracts.results import Failure


class Limits(NamedTuple):
    """How much may come out of one file, all levels together: see `configs.settings.ParsingSettings`."""

    bytes: int = 250_000_000
    files: int = 10_000
    depth: int = 4


class Entry(NamedTuple):
    """A file in another: its path, the size that is stated, and how to read it. With a `problem` it is never read."""

    path: str
    size: int
    read: Callable[[], bytes | Failure]
    problem: Failure | None


class Holding(NamedTuple):
    """What a file says itself, as bytes of which nothing that it holds is left, and its entries in order."""

    kept: bytes
    entries: Sequence[Entry]


def too_large(unpacked: int, packed: int, /) -> Failure:
    return Failure(
        "archive.too_large",
        f"unpacks to {unpacked / 1e6:.0f} MB or more from {packed / 1e6:.1f} MB",
        "Check where it comes from; if it is honest, split it or raise `parsing.unpacked_mb`.",
    )


def too_many(files: int, /) -> Failure:
    return Failure(
        "archive.too_many",
        f"holds {files:,} files or more, which is more than may come out of one file",
        "Check where it comes from; if it is honest, split it or raise `parsing.unpacked_files`.",
    )
