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


class Found(NamedTuple):
    """One element, as `contracts.tables.ParsedElement` describes its columns."""

    kind: str
    text: str
    html: str | None
    page: int
    heading_path: str
    language: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """Either elements, at least one, or a failure, never both."""

    document_id: str
    version_id: str
    elements: tuple[Found, ...]
    failure: Failure | None
