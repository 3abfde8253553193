"""One file to all the files in it, however deep. Runs in a child that may be killed at any moment; writes nothing to any disk."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath
from typing import NamedTuple

from contracts.results import Failure
from parsing.archive import open_archive
from parsing.attachments import open_eml, open_msg
from parsing.detect import detect_format
from parsing.documents import Member
from parsing.holding import Entry, Holding, Limits, too_large, too_many

_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz")


class Opened(NamedTuple):
    """All members, each after the one that it was in, and what the file says itself."""

    kept: bytes
    members: list[Member]


def unpack(content: bytes, name: str, limits: Limits, /) -> Opened | Failure | None:
    """What the file holds, None where its kind holds nothing, a Failure where it is corrupt or too much would come out of it.

    The limits hold for all levels together. A member that breaks them, or that cannot be read, is a failure of its own.
    """
    walk = _Walk(limits, limits.bytes)
    kept = walk.enter(content, name, None, limits.depth)
    return Opened(kept, walk.members) if isinstance(kept, bytes) else kept


@dataclass
class _Walk:
    """The members so far, and how many bytes may still come."""

    limits: Limits
    left: int
    members: list[Member] = field(default_factory=list)

    def enter(self, content: bytes, name: str, inside: int | None, depth: int) -> bytes | Failure | None:
        """What is kept of a file itself; its members, and theirs, are among the members then. Of a Failure none are."""
        holding = _open(content, name, self.limits._replace(bytes=self.left))
        if not isinstance(holding, Holding):
            return holding
        if refused := self._refuse(holding.entries, len(content), depth):
            return refused
        for path, entry in _numbered(holding.entries):
            read = entry.problem or entry.read()
            if isinstance(read, Failure):
                self.members.append(Member(path, inside, b"", None, read))
            else:
                self._add(Member(path, inside, read, None, None), depth - 1)
        return holding.kept

    def _add(self, member: Member, depth: int) -> None:
        number = len(self.members)
        self.members.append(member)
        self.left -= len(member.content)
        kept = self.enter(member.content, PurePosixPath(member.path).name, number, depth)
        if isinstance(kept, Failure):
            self.members[number] = member._replace(content=b"", failure=kept)
        else:
            self.members[number] = member._replace(kept=kept)

    def _refuse(self, entries: Sequence[Entry], packed: int, depth: int) -> Failure | None:
        """By what the entries state, before any of them is unpacked."""
        if entries and depth == 0:
            return Failure(
                "archive.too_deep",
                f"lies in {self.limits.depth} archives or messages within each other, and holds files itself",
                "Check where it comes from; if it is honest, unpack it or raise `parsing.unpacked_depth`.",
            )
        if len(self.members) + len(entries) > self.limits.files:
            return too_many(len(self.members) + len(entries), self.limits)
        size = sum(entry.size for entry in entries if not entry.problem)
        return too_large(size, packed) if size > self.left else None


def _open(content: bytes, name: str, limits: Limits) -> Holding | Failure | None:
    match found := detect_format(content, name):
        case "archive":
            return open_archive(content, name, limits)
        case "eml":
            return open_eml(content)
        case "msg":
            return open_msg(content)
        case Failure(rule="file.corrupt") if name.lower().endswith(_SUFFIXES):
            return found
    return None


def _numbered(entries: Sequence[Entry]) -> Iterator[tuple[str, Entry]]:
    """Each entry under a path that no other has: the second `a.pdf` is `a (2).pdf`, or the next number that is free."""
    taken, given = {entry.path for entry in entries}, set()
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(2))
    for entry in entries:
        path = entry.path
        if path in given:
            plain = PurePosixPath(path)
            names = (str(plain.with_name(f"{plain.stem} ({number}){plain.suffix}")) for number in numbers[path])
            path = next(name for name in names if name not in taken)
            taken.add(path)
        given.add(path)
        yield path, entry
