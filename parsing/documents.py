"""What goes into the parser and what comes out: plain values that cross a process boundary as JSON."""

from dataclasses import dataclass
from typing import NamedTuple

from contracts.results import Failure


@dataclass(frozen=True, slots=True)
class ToParse:
    """One file. `name` is only a second opinion about its format; the bytes come first."""

    document_id: str
    version_id: str
    name: str
    content: bytes
    passwords: tuple[str, ...] = ()
    """Tried on a locked file, in this order."""


class Found(NamedTuple):
    """One element, as `contracts.tables.ParsedElement` describes its columns."""

    kind: str
    text: str
    html: str | None
    page: int
    heading_path: str
    language: str
    reader: str | None = None
    box: tuple[float, ...] | None = None
    links: tuple[dict[str, str], ...] | None = None


class Report(NamedTuple):
    """How well a document was parsed. `flag` says what a person should know of it although it goes on: rule, detail, remedy."""

    format: str
    characters: int
    coverage: float | None
    """Share of the text that a second reader finds which came out; None where there is no second reader."""
    flag: tuple[str, str, str] | None


@dataclass(frozen=True, slots=True)
class Parsed:
    """Either elements, at least one, or a failure, never both."""

    document_id: str
    version_id: str
    elements: tuple[Found, ...]
    failure: Failure | None
    report: Report | None = None
    """None of a failure, and of what was made by leaving people out."""


class Member(NamedTuple):
    """A file that came out of another, or why it did not."""

    path: str
    """In the file that it was in, with forward slashes; of equal names the later ones are numbered."""
    inside: int | None
    """Which of the members it was in; None: the file itself."""
    content: bytes
    kept: bytes | None
    """Of a member that holds files itself: all but them."""
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a file holds, or the failure that says why that is not known."""

    document_id: str
    kept: bytes
    """What the file says itself, with nothing of its members in it."""
    holds: bool
    """Whether its kind holds files; if not, all of it is kept."""
    members: tuple[Member, ...]
    """Each after the one that it was in."""
    failure: Failure | None = None
