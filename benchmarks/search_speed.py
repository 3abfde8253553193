"""How long a governed search takes in an index of so many made-up passages, the embedding of the question left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from benchmarks.prose import sentence
from configs.settings import RetrievalSettings
from contracts.ports import ModelIdentity, Vectors
from contracts.tables import IndexRow
from retrieval.memory import MemoryStanding
from retrieval.readers import ANONYMOUS
from retrieval.search import Corpus, Question, search
from vectorstore.milvus import MilvusStore, open_milvus

_DIMENSIONS = 384
_SENTENCES = 8
_BATCH = 5_000
_QUESTIONS = 20
_KEY = f"{1:032x}"


@dataclass(frozen=True, slots=True)
class Speed:
    """Median seconds of a search for the five best of so many rows, by way."""

    rows: int
    median_seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Terms:
    access_key: str = _KEY
    groups: tuple[str, ...] = ()
    classification: str = "public"
    purposes: tuple[str, ...] = ("retrieval",)


class _Directions:
    """An embedder that knows no meaning: each text has a direction of its own."""

    identity = ModelIdentity("0" * 64, "made up", "float32", _DIMENSIONS, 256, "", "", True)

    def embed_documents(self, texts: Sequence[str], /) -> Vectors:
        drawn = np.stack([np.random.default_rng(list(text.encode())).normal(size=_DIMENSIONS) for text in texts])
        return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)

    def embed_query(self, text: str, /) -> Any:
        return self.embed_documents([text])[0]


def measure_speed(folder: Path, rows: int, /) -> Speed:
    """Of Milvus Lite in `folder`, its rows indexed."""
    store = open_milvus(str(folder / f"speed{rows}.db"), "speed", _DIMENSIONS, "made up")
    try:
        _fill(store, rows)
        corpora = {
            "meaning alone": Corpus(store, _Directions(), (_Terms(),), MemoryStanding(), RetrievalSettings(hybrid=False)),
            "both": Corpus(store, _Directions(), (_Terms(),), MemoryStanding()),
        }
        return Speed(rows, {way: _median(corpus) for way, corpus in corpora.items()})
    finally:
        store.close()


def _fill(store: MilvusStore, rows: int) -> None:
    schema, rng = IndexRow.create_empty().schema, Random(0)
    for start in range(0, rows, _BATCH):
        ids = [f"{number:032x}" for number in range(start, min(rows, start + _BATCH))]
        texts = [" ".join(sentence(rng) for _ in range(_SENTENCES)) for _ in ids]
        alike = {name: pl.lit("" if kind == pl.String else 0, dtype=kind) for name, kind in schema.items() if not kind.is_nested()}
        named = {"chunk_id": ids, "document_id": ids, "version_id": ids, "fingerprint": ids, "text": texts}
        frame = pl.DataFrame(named).with_columns(
            **{name: value for name, value in alike.items() if name not in named},
            subject_keys=pl.lit([], dtype=pl.List(pl.String)),
            purposes=pl.lit(["retrieval"]),
        )
        said = frame.with_columns(access_key=pl.lit(_KEY), classification=pl.lit("public"), lawful_basis=pl.lit("not_personal"))
        store.upsert(said.select(list(schema)), _Directions().embed_documents(texts))
        store.settle()


def _median(corpus: Corpus) -> float:
    rng, seconds = Random(1), []
    search(Question("the first search makes the index of words"), ANONYMOUS, corpus, now=datetime.now(UTC))
    for _ in range(_QUESTIONS):
        question = Question(sentence(rng))
        started = perf_counter()
        search(question, ANONYMOUS, corpus, now=datetime.now(UTC))
        seconds.append(perf_counter() - started)
    return round(median(seconds), 4)
