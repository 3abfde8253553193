"""Elements grouped into sections, which no chunk leaves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chunking.cutter import Block
from contracts.tables import ELEMENT_SEPARATOR, HEADING_SEPARATOR

_PROSE = ("title", "text")


class Part(NamedTuple):
    """What chunking reads of an element."""

    document_id: str
    version_id: str
    kind: str
    text: str
    page: int
    heading_path: str
    language: str
    char_start: int


@dataclass(frozen=True, slots=True)
class Section:
    """Titles and what they head, or a run of elements under the same titles; all of one document."""

    parts: Sequence[Part]
    heading_path: str
    """Titles above the section and its own, outermost first."""

    @property
    def text(self) -> str:
        """A slice of the document's text, which begins at the first part's `char_start`."""
        return ELEMENT_SEPARATOR.join(part.text for part in self.parts)

    @property
    def blocks(self) -> list[Block]:
        """The parts as units of cutting; the leading titles belong to the part after them."""
        offsets = [part.char_start - self.parts[0].char_start for part in self.parts]
        bodies = [index for index, part in enumerate(self.parts) if part.kind != "title"] or [len(self.parts) - 1]
        starts = [0, *(offsets[index] for index in bodies[1:])]
        return [
            Block(start, offset, offset + len(part.text), solid=part.kind == "table", prose=part.kind in _PROSE)
            for start, offset, part in ((start, offsets[index], self.parts[index]) for start, index in zip(starts, bodies, strict=True))
        ]


def sections(parts: Sequence[Part], /) -> Iterator[Section]:
    """Sections in order; together they hold each part once. `parts` are ordered by document and place."""
    run: list[Part] = []
    for part in parts:
        if run and not _continues(run, part):
            yield _section(run)
            run = []
        run.append(part)
    if run:
        yield _section(run)


def _continues(run: Sequence[Part], part: Part) -> bool:
    last = run[-1]
    if part.document_id != last.document_id:
        return False
    if last.kind != "title":
        return part.kind != "title" and part.heading_path == last.heading_path
    below = _is_below(part.heading_path, last.heading_path)
    return below if part.kind == "title" else below or part.heading_path == last.heading_path


def _is_below(path: str, other: str) -> bool:
    return path != other and path.startswith(other + HEADING_SEPARATOR if other else "")


def _section(run: Sequence[Part]) -> Section:
    last = run[-1]
    titles = [part for part in run if part.kind == "title"]
    if not titles or _is_below(last.heading_path, titles[-1].heading_path):
        return Section(tuple(run), last.heading_path)
    own = titles[-1]
    return Section(tuple(run), HEADING_SEPARATOR.join(filter(None, (own.heading_path, " ".join(own.text.split())))))
