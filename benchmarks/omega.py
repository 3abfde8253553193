"""The published figures of precision omega, and what becomes of them if offsets are exact."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from benchmarks.published import published_place, recursive, tokens
from chunking.cutter import Span
from evaluation.spans import Passage, precision_omega
from evaluation.suite import Suite


@dataclass(frozen=True, slots=True)
class Omega:
    """Mean precision omega of a published chunker, in percent: as its authors print it, by their rules, and by exact offsets."""

    chunker: str
    published: float
    by_their_rules: float
    exact: float


def measure_omegas(suite: Suite, /) -> list[Omega]:
    """The three that were published, in the order in which they are asked for."""
    measured: tuple[tuple[str, float, Callable[[str], list[Span]]], ...] = (
        ("recursive, 200", 28.7, lambda text: recursive(text, 200)),
        ("recursive, 400", 16.3, lambda text: recursive(text, 400)),
        ("tokens, 200", 19.3, lambda text: tokens(text, 200)),
    )
    return [_omega(suite, *each) for each in measured]


def _omega(suite: Suite, name: str, published: float, cut: Callable[[str], list[Span]]) -> Omega:
    """By the authors' rules a chunk that only touches an excerpt bears it, and stands where `published_place` says."""
    contents = {document.name: document.content for document in suite.documents}
    spans = {document: cut(text) for document, text in contents.items()}
    exact, theirs = [], []
    for question in suite.questions:
        document, wanted = question.passages[0].document, question.passages
        exact.append(precision_omega([Passage(document, *span) for span in spans[document]], wanted))
        placed = [Passage(document, *published_place(contents[document], *span)) for span in spans[document]]
        touching = [place for place in placed if any(place.start <= each.end and each.start <= place.end for each in wanted)]
        theirs.append(_their_omega(touching, wanted))
    return Omega(name, published, round(100 * fmean(theirs), 2), round(100 * fmean(exact), 2))


def _their_omega(chunks: Sequence[Passage], wanted: Sequence[Passage]) -> float:
    held, sought = ({at for each in passages for at in range(each.start, each.end)} for passages in (chunks, wanted))
    return len(held & sought) / len(held | sought)
