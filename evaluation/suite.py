"""A suite: documents, questions, and what ought to be found for each; in memory, however it lies on disk."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluation.spans import Passage


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a suite, and the name that its file gets."""

    name: str
    file: str
    content: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what ought to be found for it: documents with their grades, or passages of documents, or both."""

    question_id: str
    text: str
    grades: Mapping[str, int] = field(default_factory=dict)
    """By the documents' names."""
    passages: tuple[Passage, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict)
    """The suite's own labels, by the names of slicings."""
    reader: str | None = None
    purpose: str | None = None
    """None: the first that the index serves."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Everything that is asked, and of what. `digest` changes with any of it, `corpus_digest` with the documents alone."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Asked, ...]

    @property
    def digest(self) -> str:
        return _digest([self.corpus_digest, [_plain(asked) for asked in self.questions]])

    @property
    def corpus_digest(self) -> str:
        return _digest([[document.name, document.file, document.content] for document in self.documents])

    def first(self, limit: int | None, /) -> "Suite":
        """The same documents with the first questions alone."""
        return Suite(self.name, self.documents, self.questions[:limit])


def _plain(asked: Asked) -> list[Any]:
    return [asked.question_id, asked.text, dict(asked.grades), asked.passages, asked.reader, asked.purpose]


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
