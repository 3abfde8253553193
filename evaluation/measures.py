"""How well documents were found, question by question: the measures, their names and their formulas.

Computed by ir-measures, whose numbers are those of trec_eval. A document counts once, at the place of its best passage.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.errors import UsageError

NDCG, RECALL, MRR, PRECISION = "ndcg@10", "recall@5", "mrr", "precision@5"
DOCUMENT_MEASURES = (NDCG, RECALL, MRR, PRECISION)
"""What is printed where documents are expected."""
SPAN_MEASURES = ("span_recall", "span_precision", "iou", "precision_omega")
"""What is printed where excerpts are expected; `evaluation.spans` says how they are counted."""

FORMULAS: Mapping[str, tuple[str, str]] = {
    "ndcg@k": (
        "DCG of the first k documents, over that of the best order there is; DCG = Σ grade(i) / log₂(i + 1), i the rank from 1",
        "are the right documents on top, the best first",
    ),
    "recall@k": ("relevant documents among the first k, over all relevant ones", "is what answers the question there at all"),
    "mrr": ("1 / rank of the first relevant document that was found, 0 if none was", "how far down one has to read"),
    "precision@k": ("relevant documents among the first k, over k", "how much of what is read is of use"),
    "span_recall": (
        "|T ∩ R| / |R|, in characters; R is what is relevant, T what the first passages hold",
        "is the answer there",
    ),
    "span_precision": (
        "|T ∩ R| / Σ length of the first passages; what is found twice counts twice below the line",
        "how much of what a model is given to read is the answer",
    ),
    "iou": ("|T ∩ R| / (Σ length + |R| − |T ∩ R|)", "both at once"),
    "precision_omega": (
        "|T ∩ R| / |T ∪ R| where T is all chunks that hold a relevant character",
        "the best precision that the chunks allow, whatever finds them",
    ),
}
"""By name: the formula, and what it tells."""

_NAME = re.compile(r"(ndcg|recall|precision)@([1-9][0-9]{0,3})|mrr")

Grades = Mapping[str, int]
"""How relevant a document is to a question; 0, or not being there, is not at all."""


def document_scores(
    found: Mapping[str, Sequence[str]], relevant: Mapping[str, Grades], /, measures: Sequence[str] = DOCUMENT_MEASURES
) -> dict[str, dict[str, float]]:
    """Each question's scores, from the documents that were found for it, best first, and the grades of those that are relevant.

    A question for which nothing was found scores 0. One to which nothing is relevant has no scores. Raises UsageError for a measure
    that is not there.
    """
    from ir_measures import iter_calc

    wanted = {name: _measure(name) for name in measures}
    judged = {question: dict(grades) for question, grades in relevant.items() if any(grade > 0 for grade in grades.values())}
    runs = {question: _falling(found.get(question, ())) for question in judged}
    scores: dict[str, dict[str, float]] = {question: {} for question in judged}
    names = {measure: name for name, measure in wanted.items()}
    for score in iter_calc(list(wanted.values()), judged, runs) if judged else ():
        scores[score.query_id][names[score.measure]] = float(score.value)
    return {question: {name: by_name.get(name, 0.0) for name in measures} for question, by_name in scores.items()}


def known(name: str, /) -> bool:
    """Whether there is a measure of that name."""
    return name in SPAN_MEASURES or _NAME.fullmatch(name) is not None


def _measure(name: str) -> Any:
    import ir_measures

    matched = _NAME.fullmatch(name)
    if matched is None:
        raise UsageError(f"{name}: no such measure of documents; there are ndcg@K, recall@K, precision@K and mrr")
    if name == "mrr":
        return ir_measures.RR
    return {"ndcg": ir_measures.nDCG, "recall": ir_measures.R, "precision": ir_measures.P}[matched[1]] @ int(matched[2])


def _falling(documents: Sequence[str]) -> dict[str, float]:
    """Scores that say the order and nothing else, each document once: equal scores would be ordered by name."""
    once = list(dict.fromkeys(documents))
    return {document: float(len(once) - rank) for rank, document in enumerate(once)}
