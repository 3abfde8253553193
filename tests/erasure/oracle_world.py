"""A small world that knows by itself whom an erasure reaches, and a workspace that never saw what was erased."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flow_rig import NOW, SOURCES, Twin, opened, settings_of
from hypothesis import strategies as st

from contracts.errors import UsageError
from flows.consent import Word, record
from flows.erase import erase
from flows.expire import expire
from flows.purge import purge
from flows.reconcile import reconcile
from flows.targets import Selector
from flows.workspace import Workspace

PEOPLE = ("ann@example.org", "ben@example.org", "cho@example.org")
PLACES = 16
_TOPICS = (
    "the pump in the cellar",
    "paid leave in summer",
    "the keys of the archive",
    "the bridge at the old mill",
    "a loan of forty books",
)
_SHAPES = (
    "We agreed at length that {} is to be looked after by the whole team until the end of the next year.",
    "We agreed at length that {} is to be looked after by the whole team until the end of the next year too.",
    "We agreed at length that {} is to be looked after by the whole team until the end of the next 2 years.",
    "Nobody has asked for {} since the office moved, and so it was left as it had always been before.",
)
PARAGRAPHS = [shape.format(topic) for topic in _TOPICS for shape in _SHAPES]
"""Of each topic the second is nearly the first, the third differs in a number, the fourth is another."""

TERMS: list[dict[str, Any]] = [
    {},
    {"groups": ["hr"]},
    {"groups": ["hr"], "classification": "internal"},
    {"expires_at": "2026-01-09T00:00:00Z"},
    {"expires_at": "2026-03-01T00:00:00Z", "date": "2024-05-01"},
    {"date": "2025-05-01"},
]

_place = st.integers(0, PLACES - 1)
_picks = st.lists(st.integers(0, len(PARAGRAPHS) - 1), max_size=3)
_people = st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True)
_document = st.tuples(st.just("put"), _place, _picks, _people, st.integers(0, len(TERMS) - 1))
_copy = st.tuples(st.just("copy"), _place, _place)
_erasure = st.tuples(st.just("erase"), st.sampled_from(["subject", "document", "uri", "uri", "source"]), st.integers(0, 99))
_between = st.one_of(
    _document,
    _copy,
    st.tuples(st.just("remove"), _place),
    st.tuples(st.just("later"), st.integers(1, 20)),
    st.tuples(st.sampled_from(["ingest", "ingest", "expire", "reconcile", "purge"])),
)
LIVES = st.tuples(st.lists(_document, min_size=4, max_size=12), st.lists(_copy, max_size=3), st.lists(_erasure | _between, max_size=9)).map(
    lambda parts: [*parts[0], *parts[1], ("ingest",), *parts[2]]
)


@dataclass(frozen=True, slots=True)
class Document:
    """What a source holds at one place."""

    source: str
    uri: str
    content: bytes
    terms: dict[str, Any] = field(hash=False)

    @property
    def place(self) -> tuple[str, str]:
        return self.source, self.uri


class LiteTwin(Twin):
    """On Milvus Lite in its own folder."""

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        self.now += timedelta(seconds=1)
        with opened(self.root, self.settings, now=self.now, model=self.model) as workspace:
            yield workspace


@dataclass
class OracleWorld:
    """What stands outside, the workspace that lives through it, and this world's own list of what was erased from it."""

    folder: Path
    kind: type[Twin] = Twin
    held: dict[tuple[str, str], Document] = field(default_factory=dict)
    """As the last ingest found it."""
    erased: set[tuple[str, str]] = field(default_factory=set)
    erased_bytes: set[bytes] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    written: int = 0

    def __post_init__(self) -> None:
        self.twin = self.kind(self.folder / "lived" / "ws", settings_of())
        self._everybody_agrees(self.twin)

    def live(self, steps: list[tuple]) -> None:
        """Steps that make no sense in the present state do nothing."""
        for name, *arguments in steps:
            getattr(self, f"_{name}")(*arguments)
        self._ingest()

    def fresh(self) -> Twin:
        """Another workspace of the same key, filled in one run with what was not erased; it knows of no erasure."""
        fresh = self.kind(self.folder / "fresh" / "ws", self.twin.settings, self.twin.now)
        fresh.root.mkdir(parents=True)
        shutil.copy(self.twin.root.with_name("ws.key"), fresh.root.with_name("ws.key"))
        self._everybody_agrees(fresh)
        with fresh.open() as workspace:
            for person in sorted(self.withdrawn):
                record(workspace, Word(person, "retrieval", "withdrawn"), now=fresh.now)
        for document in self._documents():
            if document.place not in self.erased and document.content not in self.erased_bytes:
                fresh.files[document.source][document.uri] = document.content
                fresh.terms[document.source][document.uri] = document.terms
        fresh.ingest()
        return fresh

    def _everybody_agrees(self, twin: Twin) -> None:
        with twin.open() as workspace:
            for person in PEOPLE:
                record(workspace, Word(person, "retrieval", "granted"), now=NOW)

    def _documents(self) -> list[Document]:
        twin = self.twin
        return [
            Document(source, uri, content, twin.terms[source].get(uri, {}))
            for source in SOURCES
            for uri, content in sorted(twin.files[source].items())
        ]

    def _put(self, place: int, picks: list[int], people: list[str], terms: int) -> None:
        """Each text has a paragraph of its own, so that equal texts are equal bytes."""
        source, uri = _at(place)
        self.written += 1
        own = f"This is the letter that was written as number {self.written} of all letters, and no other letter says so."
        self.twin.files[source][uri] = "\n\n".join([*(PARAGRAPHS[pick] for pick in picks), own]).encode()
        stated = {"subjects": people or [PEOPLE[place % len(PEOPLE)]]} if source == "people" or people else {}
        self.twin.terms[source][uri] = TERMS[terms] | stated

    def _copy(self, place: int, to: int) -> None:
        (source, uri), (other, there) = _at(place), _at(to)
        if uri in self.twin.files[source]:
            self.twin.files[other][there] = self.twin.files[source][uri]
            self.twin.terms[other][there] = {"subjects": [PEOPLE[0]]} | self.twin.terms[source][uri]

    def _remove(self, place: int) -> None:
        source, uri = _at(place)
        self.twin.files[source].pop(uri, None)

    def _later(self, days: int) -> None:
        self.twin.now += timedelta(days=days)

    def _ingest(self) -> None:
        self.twin.ingest()
        self.held = {
            document.place: document
            for document in self._documents()
            if document.place not in self.erased and document.content not in self.erased_bytes and not _expired(document, self.twin.now)
        }

    def _expire(self) -> None:
        self.twin.run(expire)
        self.held = {place: document for place, document in self.held.items() if not _expired(document, self.twin.now)}

    def _reconcile(self) -> None:
        self.twin.run(reconcile, repair=True)

    def _purge(self) -> None:
        done = self.twin.run(purge)
        assert (done.pending, done.hits, done.unread) == (0, 0, 0)

    def _erase(self, kind: str, number: int) -> None:
        named, value = self._named(kind, number)
        if not named and kind != "subject":
            with pytest.raises(UsageError):
                self.twin.run(erase, Selector(kind, value))
            return
        same = {document.content for document in named}
        reached = [document for document in self.held.values() if document.content in same]
        done = self.twin.run(erase, Selector(kind, value))
        assert done.documents == len(reached)
        assert all(copy.after == 0 for copy in done.copies)
        self.erased |= {document.place for document in reached}
        self.erased_bytes |= same
        self.held = {place: document for place, document in self.held.items() if place not in self.erased}
        if kind == "subject":
            self.withdrawn.add(value)

    def _named(self, kind: str, number: int) -> tuple[list[Document], str]:
        """The documents that a selector names, and its value."""
        if kind == "subject":
            person = PEOPLE[number % len(PEOPLE)]
            return [document for document in self.held.values() if person in document.terms.get("subjects", [])], person
        if kind == "source":
            source = SOURCES[number % len(SOURCES)]
            return [document for document in self.held.values() if document.source == source], source
        source, uri = _at(number)
        if kind == "uri":
            return [document for document in self.held.values() if document.uri == uri], uri
        with self.twin.open() as workspace:
            document_id = workspace.identity.document(source, uri)
        return [document for document in self.held.values() if document.place == (source, uri)], document_id


def _at(place: int) -> tuple[str, str]:
    """The same names in both sources."""
    return SOURCES[place % 2], f"{place // 2 % (PLACES // 2)}.txt"


def _expired(document: Document, now: datetime) -> bool:
    ends = document.terms.get("expires_at")
    return bool(ends) and datetime.fromisoformat(ends).astimezone(UTC) <= now
