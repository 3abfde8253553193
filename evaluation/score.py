"""Questions scored by what was found for them."""

from collections.abc import Mapping, Sequence

from contracts.evaluation import Scored
from evaluation.measures import document_scores
from evaluation.spans import Passage, precision_omega, span_scores
from evaluation.suite import Asked

PASSAGES = 5
"""How many of the passages found are read where excerpts are expected."""


def score(
    questions: Sequence[Asked],
    found: Mapping[str, Sequence[Passage]],
    chunks: Mapping[str, Sequence[Passage]],
    /,
    slices: Mapping[str, Mapping[str, str]] | None = None,
) -> tuple[Scored, ...]:
    """Every question in its order, scored by the documents or the passages that are expected of it, or by both.

    `found` are the passages found for each question, best first; `chunks` all passages of each document that has expected ones.
    """
    documents = {name: [passage.document for passage in passages] for name, passages in found.items()}
    by_document = document_scores(documents, {asked.question_id: asked.grades for asked in questions})
    return tuple(
        Scored(
            asked.question_id,
            {**by_document.get(asked.question_id, {}), **_by_span(asked, found.get(asked.question_id, ()), chunks)},
            {**(slices or {}).get(asked.question_id, {}), **asked.slices},
        )
        for asked in questions
    )


def _by_span(asked: Asked, found: Sequence[Passage], chunks: Mapping[str, Sequence[Passage]]) -> dict[str, float]:
    if not asked.passages:
        return {}
    read = span_scores(found[:PASSAGES], asked.passages)
    bearing = [chunk for name in {passage.document for passage in asked.passages} for chunk in chunks.get(name, ())]
    return {
        "span_recall": read.recall,
        "span_precision": read.precision,
        "iou": read.iou,
        "precision_omega": precision_omega(bearing, asked.passages),
    }
