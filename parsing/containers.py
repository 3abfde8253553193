"""One file to all the files in it, however deep. Runs in a child that may be killed at any moment; writes nothing to any disk."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import PurePosixPath
from typing import NamedTuple

from contracts.results import Failure
from parsing.archive import CONTENTS, open_archive
from parsing.attachments import open_eml, open_msg
from parsing.detect import detect_format
from parsing.documents import Member
from parsing.holding import Entry, Holding, Limits, too_large, too_many

_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz")
_TOO_DEEP = Failure(
    "archive.too_deep",
    "holds files itself, within as many archives and messages as may lie in each other",
    "Check where it comes from; if it is honest, unpack it or raise `parsing.unpacked_depth`.",
)


class Opened(NamedTuple):
    """All members, each after the one that it was in, and what the file says itself."""

    kept: bytes
    members: list[Member]


def unpack(content: bytes, name: str, limits: Limits, /) -> Opened | Failure | None:
    """What the file holds, None where its kind holds nothing, a Failure where it is corrupt or too much would come out of it.

    The limits hold for all levels together. A member that breaks them, or that cannot be read, is a failure of its own.
    """
    walk = _Walk(limits)
    kept = walk.enter(content, name, None)
    return Opened(kept, walk.members) if isinstance(kept, bytes) else kept


@dataclass
class _Walk:
    """The members so far, and what may still come beyond those that were promised."""

    left: Limits
    members: list[Member] = field(default_factory=list)

    def enter(self, content: bytes, name: str, inside: int | None) -> bytes | Failure | None:
        """What is kept of a file itself; its members, and theirs, are among the members then. Of a Failure none are."""
        holding = _open(content, name, self.left)
        if not isinstance(holding, Holding):
            return holding
        if refused := self._refuse(holding.entries, len(content)):
            return refused
        above = self.left.depth
        self.left = self.left._replace(depth=above - 1)
        for path, entry in _numbered(holding.entries):
            read = entry.problem or entry.read()
            if isinstance(read, Failure):
                self.members.append(Member(path, inside, b"", None, read))
            else:
                self._add(Member(path, inside, read, None, None))
        self.left = self.left._replace(depth=above)
        return holding.kept

    def _add(self, member: Member) -> None:
        number = len(self.members)
        self.members.append(member)
        kept = self.enter(member.content, PurePosixPath(member.path).name, number)
        if isinstance(kept, Failure):
            self.members[number] = member._replace(content=b"", failure=kept)
        else:
            self.members[number] = member._replace(kept=kept)

    def _refuse(self, entries: Sequence[Entry], packed: int) -> Failure | None:
        """By what the entries state, before any of them is unpacked; else what they state is taken off of what is left."""
        if entries and not self.left.depth:
            return _TOO_DEEP
        if len(entries) > self.left.files:
            return too_many(len(entries))
        size = sum(entry.size for entry in entries if not entry.problem)
        if size > self.left.bytes:
            return too_large(size, packed)
        self.left = self.left._replace(files=self.left.files - len(entries), bytes=self.left.bytes - size)
        return None


def _open(content: bytes, name: str, limits: Limits) -> Holding | Failure | None:
    match found := detect_format(content, name):
        case "archive" if not content.startswith(CONTENTS):
            return open_archive(content, name, limits)
        case "eml" | "msg":
            return _open_message(content, found)
        case Failure(rule="file.corrupt") if name.lower().endswith(_SUFFIXES):
            return found
    return None


def _open_message(content: bytes, format_: str) -> Holding | Failure:
    try:
        return open_eml(content) if format_ == "eml" else open_msg(content)
    except MemoryError:
        raise
    except Exception as error:  # Its library stumbles over much that was bent; whatever it is, what is attached cannot be told.
        detail = f"a message that cannot be taken apart ({type(error).__name__})"
        return Failure("mail.corrupt", detail, "Fetch the message again, or save it anew in its program.")


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
