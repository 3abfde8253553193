"""Golden questions brought to the documents that a workspace holds: what they expect, by ids and offsets, and what is not there."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from contracts.ids import Identity
from evaluation.golden import Golden, Quote
from evaluation.spans import Passage
from evaluation.suite import Asked

Places = Mapping[str, Collection[str]]
"""The ids of the documents at a place, by its uri and by SOURCE/URI."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that a golden question expects, and that is not held. `expected` is what its author wrote."""

    question_id: str
    expected: str
    reason: str


def name_of(golden: Golden, identity: Identity, /) -> str:
    """Its own id, or a keyed hash of the question: reports are kept, and questions can be personal."""
    return golden.id or identity.content("question", golden.question)[:12]


def expect(
    questions: Sequence[Golden], places: Places, text_of: Callable[[str], str], identity: Identity, /
) -> tuple[tuple[Asked, ...], tuple[Missing, ...]]:
    """(asked, missing): every question of which anything that is expected is held, and everything that is not.

    A question of which nothing is held is not asked: its score would tell nothing of the search.
    """
    asked: list[Asked] = []
    missing: list[Missing] = []
    for golden in questions:
        name = name_of(golden, identity)
        grades = {document: 1 for uri in golden.expected for document in places.get(uri, ())}
        missing += [Missing(name, uri, "no such document is held") for uri in golden.expected if not places.get(uri)]
        passages: list[Passage] = []
        for quote in golden.spans:
            found = _find(quote, places, text_of)
            passages += found
            if not found and places.get(quote.source):
                missing.append(Missing(name, quote.text, f"not in the text of {quote.source}"))
        if grades:
            asked.append(Asked(name, golden.question, grades, tuple(passages), golden.slices, golden.reader, golden.purpose))
    return tuple(asked), tuple(missing)


def _find(quote: Quote, places: Places, text_of: Callable[[str], str]) -> list[Passage]:
    """The first place of the words in each document of that uri."""
    found = []
    for document in places.get(quote.source, ()):
        text = text_of(document)
        words, said = "".join(quote.text.split()), "".join(text.split())
        start = said.find(words)
        if start >= 0:
            offsets = [offset for offset, character in enumerate(text) if not character.isspace()]
            found.append(Passage(document, offsets[start], offsets[start + len(words) - 1] + 1))
    return found
