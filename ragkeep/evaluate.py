"""A suite evaluated: its documents in a workspace of their own, every question through governed search."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from time import perf_counter

from configs.settings import Settings
from contracts.ports import Progress
from contracts.results import Ingested
from evaluation.align import align
from evaluation.spans import Passage
from evaluation.suite import Asked, Suite
from flows.evaluate import Outcome, Places, Search, measured, score_all, texts_of
from flows.workspace import Workspace
from ragkeep.scratch import READER, Where, scratch


def evaluate_suite(suite: Suite, settings: Settings, where: Where, /, *, hybrid: bool = True, now: datetime, progress: Progress) -> Outcome:
    """The suite's questions, asked of its documents in a workspace made for them by these settings."""
    how = Search(hybrid and settings.retrieval.hybrid, settings.evaluation.depth)
    with scratch(suite, settings, where, now=now, progress=progress) as made:
        workspace, started = made.workspace, perf_counter()
        manifest = workspace.lake.manifest.read(columns=["document_id", "uri"])
        ids = dict(manifest.select("uri", "document_id").iter_rows())
        places = _places(workspace, suite, ids)
        questions = [_by_id(asked, places) for asked in suite.questions]
        scored = score_all(workspace, questions, places, how, now, progress)
        counts = {**_indexed(made.ingested), "questions": len(scored), "search_seconds": round(perf_counter() - started, 3)}
        return Outcome(measured(workspace, suite.name, suite.digest, how), scored, counts)


def _places(workspace: Workspace, suite: Suite, ids: Mapping[str, str]) -> Places:
    by_name = {document.name: ids[document.file] for document in suite.documents if document.file in ids}
    quoted = {passage.document for asked in suite.questions for passage in asked.passages}
    if not quoted:
        return Places(by_name)
    texts = texts_of(workspace, sorted(by_name.values()))
    contents = {by_name[document.name]: document.content for document in suite.documents if document.name in by_name}
    return Places(by_name, {name: align(text, contents[name]) for name, text in texts.items()})


def _by_id(asked: Asked, places: Places) -> Asked:
    """By the workspace's ids. What could not be taken in keeps the suite's name, which no search finds."""
    grades = {places.ids.get(name, name): grade for name, grade in asked.grades.items()}
    passages = tuple(Passage(places.ids.get(name, name), start, end) for name, start, end in asked.passages)
    return replace(asked, grades=grades, passages=passages, reader=READER)


def _indexed(ingested: Ingested) -> dict[str, float]:
    return {
        "documents": ingested.documents.seen,
        "quarantined": ingested.documents.quarantined,
        "chunks": ingested.chunks.wanted,
        "redundant": ingested.chunks.redundant,
        "embedded": ingested.embedded,
        "cache_hits": ingested.cache_hits,
        "index_seconds": ingested.seconds,
    }
