"""The witness: every file below some folders, looked through for bytes that ought to be gone."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from forensics.match import Matcher, Piece
from forensics.needles import Pattern, forms
from forensics.read import Problem, read_pieces

_AT_ONCE = 8 << 20
_WITHHELD = "(a name that holds a needle)"


@dataclass(frozen=True, slots=True)
class Found:
    """One form of a needle in one file as one decoder reads it. The needle is a number: the report holds nothing of its text."""

    file: str
    decoder: str
    needle: int
    form: str
    offset: int
    """Of the first, in what the decoder made of the file."""
    times: int


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be looked through, wholly or in part. Until there is none, nothing is proven."""

    file: str
    decoder: str
    problem: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found. It proves that bytes are gone if `proves_absence`, and only of the needles that it was given."""

    files: int
    bytes: int
    """Of the files as they lie on disk."""
    decoded_bytes: int
    """Looked through beyond these: decoded, decompressed and joined."""
    needles: int
    found: tuple[Found, ...]
    unread: tuple[Unread, ...]

    @property
    def proves_absence(self) -> bool:
        return not self.found and not self.unread


def scan(roots: Path | Sequence[Path], needles: Sequence[bytes], /) -> Scanned:
    """Every needle in every form, in the names and the contents of all files below `roots` (folders or files), as they are and decoded.

    Links are not followed; what cannot be read is in the report. UsageError for a needle of fewer than `needles.SHORTEST` bytes.
    """
    tally = _Tally(Matcher(forms(needles)))
    for root in [roots] if isinstance(roots, Path) else roots:
        [shown] = tally.shown([root.name], "")
        for path, name in _walk(root, shown, tally):
            _look_through(path, name, tally)
    tally.look()
    found = tuple(Found(*key, *entry) for key, entry in sorted(tally.found.items()))
    return Scanned(tally.files, tally.bytes, tally.decoded, len(needles), found, tuple(tally.unread))


@dataclass(slots=True)
class _Tally:
    """What was counted and found so far, and the pieces that wait until it is worth while to look through them."""

    matcher: Matcher
    files: int = 0
    bytes: int = 0
    decoded: int = 0
    found: dict[tuple[str, str, int, str], list[int]] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    waiting: list[tuple[str, Piece]] = field(default_factory=list)
    size: int = 0

    def add(self, file: str, piece: Piece) -> None:
        self.waiting.append((file, piece))
        self.size += len(piece.content)
        if self.size >= _AT_ONCE:
            self.look()

    def look(self) -> None:
        for place, pattern, offset in self.matcher.find([piece for _, piece in self.waiting]):
            file, piece = self.waiting[place]
            self.note(file, piece.decoder, pattern, offset)
        self.waiting, self.size = [], 0

    def note(self, file: str, decoder: str, pattern: Pattern, offset: int) -> None:
        entry = self.found.setdefault((file, decoder, pattern.needle, pattern.form), [offset, 0])
        entry[0], entry[1] = min(entry[0], offset), entry[1] + 1

    def shown(self, names: Sequence[str], before: str) -> list[str]:
        """The names by which the report calls files: a name is content too, and one that holds a needle is withheld."""
        hits = list(self.matcher.find([Piece("name", 0, os.fsencode(name)) for name in names]))
        telling = {place for place, _, _ in hits}
        shown = [before + (_WITHHELD if place in telling else name) for place, name in enumerate(names)]
        for place, pattern, offset in hits:
            self.note(shown[place], "name", pattern, offset)
        return shown


def _walk(path: Path, shown: str, tally: _Tally) -> Iterator[tuple[Path, str]]:
    """Every file below, with the name by which the report calls it."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            names = sorted(os.listdir(path))
            for name, told in zip(names, tally.shown(names, f"{shown}/"), strict=True):
                yield from _walk(path / name, told, tally)
        elif stat.S_ISREG(mode):
            yield path, shown
        elif stat.S_ISLNK(mode):
            tally.add(shown, Piece("link", 0, os.fsencode(path.readlink())))
            tally.unread.append(Unread(shown, "link", "is a link: what it leads to was looked through only if it lies here too"))
        else:
            tally.unread.append(Unread(shown, "file", "is neither a file nor a folder"))
    except OSError as error:
        tally.unread.append(Unread(shown, "folder", f"cannot be listed ({type(error).__name__})"))


def _look_through(path: Path, shown: str, tally: _Tally) -> None:
    try:
        with path.open("rb") as file:
            for piece in read_pieces(file, path, tally.matcher.longest):
                if isinstance(piece, Problem):
                    tally.unread.append(Unread(shown, piece.decoder, piece.problem))
                    continue
                tally.add(shown, piece)
                fresh = len(piece.content) - piece.seen
                raw = piece.decoder == "raw"
                tally.bytes, tally.decoded = tally.bytes + raw * fresh, tally.decoded + (not raw) * fresh
        tally.files += 1
    except OSError as error:
        tally.unread.append(Unread(shown, "raw", f"cannot be read ({type(error).__name__})"))
