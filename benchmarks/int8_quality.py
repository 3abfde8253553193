"""What int8 costs in retrieval: public suites by float32 and by the int8 model that was fitted to the suite's own documents."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np

from configs.model import ModelSettings
from embeddings.calibration import MODEL
from embeddings.describe import ModelFolder, describe
from embeddings.export import export
from embeddings.identify import identify
from embeddings.locate import locate
from embeddings.model import SentenceEmbedder
from embeddings.openvino_runner import OpenVinoRunner
from embeddings.quantise import quantise
from embeddings.tokenizer import ModelTokenizer
from evaluation.measures import NDCG, document_scores
from evaluation.read import read_suite
from evaluation.significance import paired
from evaluation.suite import Suite

DATA = Path(__file__).parents[2] / "shared" / "data"
_WINDOW = 200
"""Tokens of a document that make one vector; a document stands at the place of its best."""
_FITTED = 300
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Quality:
    """nDCG@10 in points, of 100, by meaning alone; the drop is of int8 against float32, with its 95 % interval."""

    suite: str
    model: str
    questions: int
    passages: int
    cosine_mean: float
    cosine_min: float
    float32: float
    int8: float
    drop: float
    drop_low: float
    drop_high: float


def measure_quality(folder: Path, name: str, model: str, /) -> Quality:
    """Of one suite; exported and calibrated models are left in `folder`."""
    described, suite = replace(describe(locate(model), ModelSettings()), backend="openvino"), read_suite(DATA / name)
    places, passages = _windows(suite, ModelTokenizer(described))
    exported = export(described, folder / f"{Path(model).name}-float32")
    fitted = Random(7).sample(passages, min(_FITTED, len(passages)))
    small = folder / f"{Path(model).name}-{name}" / MODEL
    small.parent.mkdir()
    quantise(described, exported, fitted, small)
    whole, near = _embedder(described, exported), _embedder(replace(described, dtype="int8"), small)
    vectors = [embedder.embed_documents(passages) for embedder in (whole, near)]
    cosines = (vectors[0] * vectors[1]).sum(axis=1)
    scores = [_scores(suite, places, each, embedder) for each, embedder in zip(vectors, (whole, near), strict=True)]
    change = paired(*scores)
    return Quality(
        suite=name,
        model=Path(model).name,
        questions=len(scores[0]),
        passages=len(passages),
        cosine_mean=round(float(cosines.mean()), 5),
        cosine_min=round(float(cosines.min()), 5),
        float32=round(100 * float(np.mean(scores[0])), 2),
        int8=round(100 * float(np.mean(scores[1])), 2),
        drop=round(-100 * change.difference, 2),
        drop_low=round(-100 * change.high, 2),
        drop_high=round(-100 * change.low, 2),
    )


def _embedder(model: ModelFolder, graph: Path) -> SentenceEmbedder:
    return SentenceEmbedder(model, identify(model), runner=OpenVinoRunner(model, graph))


def _windows(suite: Suite, tokenizer: ModelTokenizer) -> tuple[list[str], list[str]]:
    """The document of each passage, and the passages."""
    places, passages = [], []
    for document in suite.documents:
        spans = tokenizer.spans([document.content])[0]
        for start in range(0, len(spans), _WINDOW):
            part = spans[start : start + _WINDOW]
            places.append(document.name)
            passages.append(document.content[part[0][0] : part[-1][1]])
    return places, passages


def _scores(suite: Suite, places: Sequence[str], vectors: np.ndarray, embedder: SentenceEmbedder) -> list[float]:
    found = {}
    for asked in suite.questions:
        best = np.argsort(-(vectors @ embedder.embed_query(asked.text)))
        found[asked.question_id] = list(dict.fromkeys(places[place] for place in best[: 20 * _DEPTH]))[:_DEPTH]
    scored = document_scores(found, {asked.question_id: asked.grades for asked in suite.questions}, [NDCG])
    return [scored[question][NDCG] for question in found if question in scored]
