"""Everything that may change outside a workspace, as steps, and the workspace that is built afresh from what they end in."""

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
from flow_rig import BROKEN, BY_CONSENT, OPEN, PARAGRAPHS, SOURCES, Twin, settings_of, zipped
from hypothesis import strategies as st

from contracts.consent import STATES
from contracts.errors import UsageError
from flows.erase import Selector, erase
from flows.expire import expire
from flows.reconcile import reconcile
from ledger.consent import Receipt

URIS = ("a.txt", "b.txt", "c.txt", "sub/d.txt", "sub/e.txt")
PEOPLE = ("ann@example.org", "ben@example.org")
STATED: list[dict[str, Any]] = [
    {},
    {"classification": "internal"},
    {"groups": ["hr"]},
    {"title": "A title", "date": "2025-03-01"},
    {"date": "2024-03-01"},
    {"subjects": [PEOPLE[0]]},
    {"subjects": list(PEOPLE)},
    {"lawful_basis": "consent", "subjects": [PEOPLE[1]]},
    {"lawful_basis": "legitimate_interest", "subjects": [PEOPLE[0]]},
    {"expires_at": "2026-01-05T00:00:00Z"},
    {"expires_at": "2026-01-20T00:00:00Z"},
    {"purposes": ["billing"]},
    {"classification": "nonsense"},
]
SETTINGS: list[dict[str, Any]] = [
    {"chunking": {"max_tokens": 24, "min_tokens": 4}},
    {"chunking": {"max_tokens": 48, "min_tokens": 4}},
    {"dedup": {"threshold": 0.95}},
    {"dedup": {"threshold": 0.4}},
    {"dedup": {"numbers_differ": False}},
    {"sources": {"open": {"path": ".", "terms": OPEN}, "people": {"path": ".", "terms": OPEN}}},
    {"sources": {"open": {"path": ".", "priority": 2, "terms": OPEN}, "people": {"path": ".", "priority": 1, "terms": BY_CONSENT}}},
    {"sources": {"open": {"path": ".", "terms": {**OPEN, "classification": "internal"}}, "people": {"path": ".", "terms": BY_CONSENT}}},
    {"policies": {"withhold_documents": 1, "purposes": ["retrieval", "billing"]}},
]
POLICIES = {"withhold_documents": 1}
"""Two removals at once are many in so small a world."""


def _packed(name: str, text: bytes) -> bytes:
    return zipped({"deep.txt": text}) if name.endswith(".zip") else text


_source, _uri = st.sampled_from(SOURCES), st.sampled_from(URIS)
_content = st.one_of(
    st.lists(st.integers(0, len(PARAGRAPHS) - 1), min_size=1, max_size=4).map(
        lambda picks: "\n\n".join(PARAGRAPHS[pick] for pick in picks).encode()
    ),
    st.sampled_from([BROKEN, b""]),
    st.dictionaries(st.sampled_from(["x.txt", "in/y.txt", "z.zip"]), st.integers(0, len(PARAGRAPHS) - 1), max_size=3).map(
        lambda picks: zipped({name: _packed(name, PARAGRAPHS[pick].encode()) for name, pick in picks.items()})
    ),
)
_place = st.integers(0, 9)
CHANGES = st.one_of(
    st.tuples(st.just("put"), _source, _uri, _content),
    st.tuples(st.just("edit"), _place, st.sampled_from(["append", "prepend", "cut", "break", "back"]), st.integers(0, len(PARAGRAPHS) - 1)),
    st.tuples(st.just("edit"), _place, st.sampled_from(["append", "prepend", "cut", "break", "back"]), st.integers(0, len(PARAGRAPHS) - 1)),
    st.tuples(st.just("remove"), _place),
    st.tuples(st.just("move"), _place, _uri),
    st.tuples(st.just("copy"), _place, _source, _uri),
    st.tuples(st.just("empty"), _source),
    st.tuples(st.just("state"), _place, st.sampled_from(STATED)),
    st.tuples(st.just("state"), _place, st.sampled_from(STATED)),
    st.tuples(st.just("consent"), st.sampled_from(PEOPLE), st.sampled_from(["granted", *STATES]), st.sampled_from(["", *SOURCES])),
    st.tuples(st.just("settings"), st.sampled_from(SETTINGS)),
    st.tuples(st.just("later"), st.integers(1, 12)),
)
RUNS = st.one_of(
    st.tuples(st.just("ingest"), st.just(SOURCES)),
    st.tuples(st.just("ingest"), st.just(SOURCES)),
    st.tuples(st.just("ingest"), st.sampled_from([("open",), ("people",)])),
    st.tuples(st.just("erase"), st.sampled_from(["uri", "source", "subject"]), st.integers(0, 9)),
    st.tuples(st.just("approve"), _source),
    st.tuples(st.just("expire")),
    st.tuples(st.just("reconcile")),
)
LIVES = st.lists(st.tuples(st.lists(CHANGES, min_size=1, max_size=6), RUNS), min_size=2, max_size=6)
"""Changes, then something that runs, again and again."""


@dataclass
class World:
    """What stands outside, and the workspace under test."""

    folder: Path
    twin: Twin = field(init=False)
    receipts: list[Receipt] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=lambda: {"policies": POLICIES})
    contents: set[bytes] = field(default_factory=set)
    """Everything that was ever put somewhere."""
    observed: dict[str, dict[str, dict]] = field(default_factory=lambda: {source: {} for source in SOURCES})
    """Terms as an ingest last saw them, by source and uri."""

    earlier: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """What each place held before its last edit."""

    def __post_init__(self) -> None:
        self.twin = Twin(self.folder / "lived" / "ws", settings_of(**self.settings))

    def do(self, step: tuple) -> None:
        """One step; those that make no sense in the present state do nothing."""
        name, *arguments = step
        getattr(self, f"_{name}")(*arguments)

    def ingest(self, names: tuple[str, ...] = SOURCES):
        for name in names:
            self.observed[name] |= {uri: self.twin.terms[name].get(uri, {}) for uri in self.twin.files[name]}
        return self.twin.ingest(*names)

    def _put(self, source: str, uri: str, content: bytes) -> None:
        self.contents.add(content)
        self.twin.files[source][uri] = content

    def begin(self) -> None:
        """Documents in both sources, about people who agreed, so that a life has something to begin with."""
        for number, (source, uri) in enumerate((source, uri) for source in SOURCES for uri in URIS[:4]):
            self._put(source, uri, "\n\n".join(PARAGRAPHS[(number + offset) % len(PARAGRAPHS)] for offset in (0, 3)).encode())
            self.twin.terms[source][uri] = {} if source == "open" else {"subjects": [PEOPLE[number % 2]]}
        for person in PEOPLE:
            self._consent(person, "granted", "")
        self.ingest()

    def _at(self, place: int) -> tuple[str, str] | None:
        """One of the documents that there are."""
        places = [(source, uri) for source in SOURCES for uri in sorted(self.twin.files[source])]
        return places[place % len(places)] if places else None

    def _edit(self, place: int, how: str, pick: int) -> None:
        if not (at := self._at(place)):
            return
        source, uri = at
        before = self.twin.files[source][uri]
        parts = before.split(b"\n\n")
        paragraph = PARAGRAPHS[pick].encode()
        edited = {
            "append": b"\n\n".join([*parts, paragraph]),
            "prepend": b"\n\n".join([paragraph, *parts]),
            "cut": b"\n\n".join(parts[1:]) or paragraph,
            "break": BROKEN,
            "back": self.earlier.get(at, before),
        }
        self.earlier[at] = before
        self._put(source, uri, edited[how])

    def _remove(self, place: int) -> None:
        if at := self._at(place):
            del self.twin.files[at[0]][at[1]]

    def _move(self, place: int, to: str) -> None:
        if (at := self._at(place)) and at[1] != to:
            source, uri = at
            self.twin.files[source][to] = self.twin.files[source].pop(uri)
            self.twin.terms[source][to] = self.twin.terms[source].get(uri, {})

    def _copy(self, place: int, to: str, uri: str) -> None:
        if at := self._at(place):
            self.twin.files[to][uri] = self.twin.files[at[0]][at[1]]

    def _empty(self, source: str) -> None:
        self.twin.files[source].clear()

    def _state(self, place: int, terms: dict[str, Any]) -> None:
        if at := self._at(place):
            self.twin.terms[at[0]][at[1]] = terms

    def _consent(self, person: str, state: str, scope: str) -> None:
        with self.twin.open() as workspace:
            receipt = Receipt(workspace.identity.subject(person), "retrieval", state, self.twin.now, self.twin.now, scope=scope)
            workspace.consent.record([receipt])

    def _settings(self, changes: dict[str, Any]) -> None:
        self.settings |= changes
        self.twin.settings = settings_of(**self.settings)

    def _later(self, days: int) -> None:
        self.twin.now += timedelta(days=days)

    def _erase(self, kind: str, number: int) -> None:
        value = {"uri": URIS[number % len(URIS)], "source": SOURCES[number % 2], "subject": PEOPLE[number % 2]}[kind]
        try:
            self.twin.run(erase, Selector(kind, value))
        except UsageError:
            return

    def _approve(self, source: str) -> None:
        with self.twin.open() as workspace:
            workspace.approvals.approve(source, self.twin.now)

    def _ingest(self, names: tuple[str, ...]) -> None:
        self.ingest(names)

    def _expire(self) -> None:
        self.twin.run(expire)

    def _reconcile(self) -> None:
        self.twin.run(reconcile, repair=True)

    def fresh(self, folder: Path) -> Twin:
        """Another workspace of the same key, pepper, consents and suppressions, built from what the sources hold now.

        What they no longer hold, but the workspace still keeps, is given first: the last versions that could be parsed, under terms that
        could be read, and then, of removals that are withheld, what was listed last.
        """
        fresh = Twin(folder / "ws", self.twin.settings, self.twin.now)
        fresh.root.mkdir(parents=True)
        for name in ("ws.key", "ws.suppressions.jsonl"):
            if (self.twin.root.parent / name).exists():
                shutil.copy(self.twin.root.parent / name, folder / name)
        accepted, last = ({source: dict(files) for source, files in self.twin.files.items()} for _ in range(2))
        terms = {source: self.observed[source] | self.current_terms(source) for source in SOURCES}
        readable = {source: dict(stated) for source, stated in terms.items()}
        with self.twin.open() as lived:
            keys = [lived.identity.subject(person) for person in PEOPLE]
            receipts = [receipt for key in keys for receipt in lived.consent.history(key)]
            versions = {lived.identity.version(content): content for content in self.contents}
            served = dict(lived.lake.chunks.read(columns=["document_id", "version_id"]).unique().iter_rows())
            for row in lived.lake.manifest.read().filter(pl.col("parent_id").is_null()).iter_rows(named=True):
                source, uri = row["source_id"], row["uri"]
                last[source][uri] = versions[row["version_id"]]
                accepted[source][uri] = versions[served.get(row["document_id"], row["version_id"])]
                if row["terms_problem"]:
                    readable[source][uri] = {}
        with fresh.open() as workspace:
            workspace.consent.record(receipts)
        for fresh.terms, listing in ((readable, accepted), (terms, last), (terms, self.twin.files)):
            fresh.ingest(listing=listing)
        return fresh

    def current_terms(self, source: str) -> dict[str, dict]:
        return {uri: self.twin.terms[source].get(uri, {}) for uri in self.twin.files[source]}
