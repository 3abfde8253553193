"""What answers and what was built beside it, asked the same questions: parts of texts, each by the model of the one that is asked."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from contracts.ports import VectorQuery
from flows.model import Model
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


NOTHING = Compared(0, 0, 0, 0)
"""Nothing was asked."""


def compare(workspace: Workspace, beside: Index, sample: int, /, *, now: datetime) -> Compared:
    """What answers against what was built, on the beginnings of passages that chance, the same in every run, picks from gold.

    Nothing is shown to anybody, so it asks for everything, but for what may not be sent where either model is.
    """
    answers = workspace.index
    if not answers.collection() or not sample:
        return NOTHING
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
        return NOTHING
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
