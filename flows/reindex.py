"""Reindex: the whole index built anew beside the one that answers, compared with it, and put in its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl

from contracts.ports import Progress, VectorQuery
from contracts.results import Applied
from flows.beside import Gate
from flows.cost import price
from flows.erase import resume, resume_erasures
from flows.ingest import bring_up_to_date
from flows.model import Model
from flows.prepare import pending
from flows.record import recorded
from flows.send import may_be_given, permit_texts
from flows.serving import serving
from flows.workspace import Index, Workspace

_DEPTH = 10
_WORDS = 12
"""Of a passage, taken as a question for it."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Questions asked of what answers and of what was built, each by its own model: parts of a text as questions for that text."""

    questions: int
    found_before: float
    """Share of the questions whose document was among the first ten documents."""
    found_after: float
    shared: float
    """Share of the first ten of what answers that are among the first ten of what was built."""


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What was built, how it compared, and whether it answers now."""

    run_id: str
    collection: str
    model_before: str
    model_after: str
    rows: int
    applied: Applied
    compared: Compared
    moved: bool
    refused: str
    """Why what was built does not answer; it is kept, and the next reindex goes on with it."""
    tokens: int
    seconds: float
    price: float


@dataclass(slots=True)
class _Judge:
    """A Gate that remembers what it saw."""

    workspace: Workspace
    now: datetime
    sample: int
    tolerance: float
    others: Sequence[Gate]
    compared: Compared = field(default=Compared(0, 0, 0, 0))
    refused: str = ""

    def __call__(self, beside: Index, /) -> bool:
        self.compared = compare(self.workspace, beside, self.sample, now=self.now)
        fell = self.compared.found_before - self.compared.found_after
        if fell > self.tolerance:
            self.refused = f"{fell:.1%} fewer questions of the sample find their document, more than the {self.tolerance:.1%} allowed"
        return not self.refused and all(gate(beside) for gate in self.others)


def reindex(
    workspace: Workspace, /, *, sample: int = 100, tolerance: float = 0.02, gates: Sequence[Gate] = (), now: datetime, progress: Progress
) -> Reindexed:
    """The index that the settings want is built beside the one that answers, which goes on answering by its own model until the end.

    It takes that one's place at once if its rows are all there, if no more than `tolerance` of the questions of a sample are worse off,
    and if every gate lets it. Erasures that arrive meanwhile reach both. Killed at any point, the next reindex goes on where it stopped.
    """
    judge = _Judge(workspace, now, sample, tolerance, gates)
    with recorded(workspace, "reindex", "", now=now) as run:
        resume(workspace, now=now, progress=progress)
        before = workspace.index.made_for()
        done = bring_up_to_date(workspace, run.run_id, pending(workspace), gate=judge, now=now, progress=progress)
        resume_erasures(workspace, now=now, progress=progress)
        workspace.lake.compact()
        synchronised, seconds = done.synchronised, run.seconds()
        run.counts = Reindexed(
            run_id=run.run_id,
            collection=workspace.index.collection(),
            model_before=before,
            model_after=workspace.index.made_for(),
            rows=synchronised.decision.wanted.height,
            applied=synchronised.applied,
            compared=judge.compared,
            moved=synchronised.moved,
            refused="" if synchronised.moved else judge.refused or "a gate refused it",
            tokens=synchronised.applied.tokens,
            seconds=seconds,
            price=price(synchronised.applied.tokens, seconds, workspace.settings.costs),
        )
    return run.counts


def compare(workspace: Workspace, beside: Index, sample: int, /, *, now: datetime) -> Compared:
    """What answers against what was built, on the beginnings of passages that chance, the same in every run, picks from gold.

    Nothing is shown to anybody, so it asks for everything, but for what may not be sent where either model is.
    """
    answers = workspace.index
    if not answers.collection() or not sample:
        return Compared(0, 0, 0, 0)
    rows, old, new = workspace.lake.rows, serving(workspace), workspace.model
    known = rows.read(columns=["chunk_id", "document_id"])
    picked = known.filter(may_be_given(workspace, old) & may_be_given(workspace, new)).sort("chunk_id").head(sample)
    texts = rows.read(picked["document_id"].unique().to_list(), columns=["chunk_id", "text"])
    picked = picked.join(texts, on="chunk_id", maintain_order="left")
    for model in (old, new):
        permit_texts(workspace, model, set(picked["document_id"]), picked.height, now=now)
    keys = tuple(terms.access_key for terms in workspace.access.all())
    found = [
        (document_id, _documents(answers, old, question, keys, now), _documents(beside, new, question, keys, now))
        for document_id, question in zip(picked["document_id"], _questions(picked["text"]), strict=True)
    ]
    if not found:
        return Compared(0, 0, 0, 0)
    return Compared(
        questions=len(found),
        found_before=float(np.mean([document in early for document, early, _ in found])),
        found_after=float(np.mean([document in late for document, _, late in found])),
        shared=float(np.mean([len(early & late) / len(early) for _, early, late in found if early] or [1.0])),
    )


def _questions(texts: pl.Series) -> pl.Series:
    return texts.str.split(" ").list.head(_WORDS).list.join(" ")


def _documents(index: Index, model: Model, question: str, keys: tuple[str, ...], now: datetime) -> set[str]:
    vector = model.embedder.embed_query(question)
    found = index.search(VectorQuery(vector, question, keys, int(now.timestamp()), _DEPTH, model=model.fingerprint))
    return set(found["document_id"])
