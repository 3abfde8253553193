"""Evaluations run: golden questions on the workspace itself, and questions of any kind, each through governed search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

import polars as pl

from cleaning.clean import clean, document_text
from contracts.errors import UsageError
from contracts.evaluation import Measured, Scored
from contracts.ids import fingerprint
from contracts.ports import Progress
from evaluation.align import span_of
from evaluation.expect import Missing, expect
from evaluation.golden import Golden
from evaluation.score import PASSAGES, score
from evaluation.slices import label
from evaluation.spans import Passage
from evaluation.suite import Asked
from flows.ask import put
from flows.model import Model
from flows.prepare import silver_fingerprint
from flows.serving import serving
from flows.workspace import Workspace
from retrieval.readers import find_reader
from retrieval.search import MOST_HITS, Question

_LABELS = ["document_id", "language", "source_id", "uri", "access_key"]
_ENOUGH_DOCUMENTS = 10
"""The deepest rank that a usual measure looks at."""
_DEEPER = 4


@dataclass(frozen=True, slots=True)
class Search:
    """How questions are asked."""

    hybrid: bool = True
    depth: int = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured, and what it took: everything that is stored, and what golden questions expect in vain."""

    measured: Measured
    questions: tuple[Scored, ...]
    counts: Mapping[str, float]
    missing: tuple[Missing, ...] = ()


def evaluate_golden(
    workspace: Workspace, questions: Sequence[Golden], name: str, /, *, hybrid: bool = True, now: datetime, progress: Progress
) -> Outcome:
    """The team's questions, asked of the workspace by the readers and for the purposes that they name."""
    settings, started = workspace.settings, perf_counter()
    how = Search(hybrid and settings.retrieval.hybrid, settings.evaluation.depth)
    asked, missing = expected(workspace, questions)
    if not asked:
        raise UsageError(f"{name}: nothing that its questions expect is held. Look at what is missing with: ragkeep questions check {name}")
    for one in asked:
        find_reader(one.reader, workspace.settings.readers)
    scored = score_all(workspace, asked, Places(), how, now, progress)
    counts = {"questions": len(scored), "missing": len(missing), "search_seconds": round(perf_counter() - started, 3)}
    digest = fingerprint("golden", questions=[one.model_dump(mode="json") for one in questions])
    return Outcome(measured(workspace, name, digest, how), scored, counts, missing)


def expected(workspace: Workspace, questions: Sequence[Golden], /) -> tuple[tuple[Asked, ...], tuple[Missing, ...]]:
    """What the questions expect, as the workspace knows it, and what it does not hold."""
    places: dict[str, set[str]] = {}
    manifest = workspace.lake.manifest.read(columns=["document_id", "source_id", "uri", "state"]).filter(pl.col("state") == "present")
    for document_id, source_id, uri in manifest.select("document_id", "source_id", "uri").iter_rows():
        places.setdefault(uri, set()).add(document_id)
        places.setdefault(f"{source_id}/{uri}", set()).add(document_id)
    quoted = {document for golden in questions for span in golden.spans for document in places.get(span.source, ())}
    texts = texts_of(workspace, sorted(quoted))
    return expect(questions, places, lambda document: texts.get(document, ""), workspace.identity)


@dataclass(frozen=True, slots=True)
class Places:
    """From a suite's names to the workspace's ids, and from offsets in a document's text to those in the suite's own file.

    Golden questions know the workspace's own, and need none.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    original: Mapping[str, list[int]] = field(default_factory=dict)

    def passage(self, document_id: str, start: int, end: int) -> Passage:
        if document_id not in self.original:
            return Passage(document_id, start, end)
        return Passage(document_id, *(span_of(self.original[document_id], start, end) or (0, 0)))


def texts_of(workspace: Workspace, document_ids: Sequence[str]) -> dict[str, str]:
    """Each document's text after cleaning, by its id."""
    elements, _ = clean(workspace.lake.elements.read(document_ids), workspace.settings.cleaning)
    return dict(document_text(elements).select("document_id", "text").iter_rows())


def score_all(
    workspace: Workspace, questions: Sequence[Asked], places: Places, how: Search, now: datetime, progress: Progress
) -> tuple[Scored, ...]:
    """Every question asked once, and its measures, labelled by what it expects."""
    found: dict[str, list[Passage]] = {}
    for number, asked in enumerate(questions, start=1):
        found[asked.question_id] = [places.passage(*hit) for hit in _find(workspace, asked, how, now)]
        progress.advance("ask", number, len(questions))
    quoted = {passage.document for asked in questions for passage in asked.passages}
    held = workspace.lake.chunks.read(quoted, columns=["document_id", "char_start", "char_end"]) if quoted else None
    chunks: dict[str, list[Passage]] = {}
    for row in held.iter_rows() if held is not None else ():
        chunks.setdefault(row[0], []).append(places.passage(*row))
    groups = {terms.access_key: terms.groups for terms in workspace.access.all()}
    return score(questions, found, chunks, slices=label(questions, workspace.lake.rows.read(columns=_LABELS), groups))


def _find(workspace: Workspace, asked: Asked, how: Search, now: datetime) -> list[tuple[str, int, int]]:
    """Passages for a question, best first: as many as are read, or enough for ten documents where documents are expected."""
    purpose = asked.purpose or workspace.settings.policies.purposes[0]
    limit = how.depth if asked.grades else PASSAGES
    while True:
        answer = put(workspace, Question(asked.text, purpose, limit, how.hybrid), reader=asked.reader, action="evaluate", now=now)
        few = asked.grades and len({hit.document_id for hit in answer.hits}) < _ENOUGH_DOCUMENTS
        if not few or len(answer.hits) < limit or limit >= MOST_HITS:
            return [(hit.document_id, hit.char_start, hit.char_end) for hit in answer.hits]
        limit = min(limit * _DEEPER, MOST_HITS)


def measured(workspace: Workspace, suite: str, digest: str, how: Search) -> Measured:
    """What an evaluation of this workspace measures: its settings, by the model that answers."""
    model = serving(workspace)
    settings = measured_settings(workspace, model, how)
    return Measured(suite, digest, settings, model.name, model.fingerprint, "hybrid" if how.hybrid else "dense")


def measured_settings(workspace: Workspace, model: Model, how: Search) -> str:
    """A fingerprint of everything that decides what is found in the same documents."""
    settings = workspace.settings
    return fingerprint(
        "evaluation",
        silver=silver_fingerprint(workspace),
        dedup=settings.dedup.model_dump(mode="json"),
        model=model.fingerprint,
        retrieval=settings.retrieval.model_dump(mode="json"),
        hybrid=how.hybrid,
        depth=how.depth,
    )
