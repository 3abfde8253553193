"""Chunkers side by side: the same corpora, questions and model, exact search by meaning, and nothing else that could differ."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

import numpy as np
import polars as pl

from benchmarks.published import cluster_semantic, recursive, tokens
from chunking.chunk import chunk
from chunking.cutter import Embed, Span
from chunking.cutting import cutting
from chunking.embedded import embedded_texts
from cleaning.clean import document_text
from configs.settings import ChunkingSettings
from contracts.ids import Identity
from contracts.ports import Tokenizer, Vectors
from evaluation.align import align, span_of
from evaluation.score import PASSAGES
from evaluation.significance import paired
from evaluation.spans import Passage, precision_omega, span_scores
from evaluation.suite import Suite

YARDSTICK = "published: recursive, 200"
_FINGERPRINT = "f" * 32


@dataclass(frozen=True, slots=True)
class Corpus:
    """A suite's documents, parsed and cleaned, and the model that they are cut for and found with."""

    suite: Suite
    elements: pl.DataFrame
    """Element rows of all documents."""
    names: dict[str, str]
    """From a row's document_id to the suite's name of the document."""
    tokenizer: Tokenizer
    embed: Embed
    embed_queries: Embed


@dataclass(frozen=True, slots=True)
class Point:
    """One chunker on the frontier of recall against precision. Scores are means over all questions, in percent."""

    chunker: str
    chunks: int
    characters: int
    """Of a chunk, on average."""
    recall: float
    precision: float
    iou: float
    precision_omega: float
    recall_gain: float
    """Points above the yardstick on the same questions, its 95 % interval, and the chance to differ by as much by luck."""
    recall_low: float
    recall_high: float
    recall_p: float
    precision_gain: float
    precision_p: float


@dataclass(frozen=True, slots=True)
class _Chunks:
    places: list[Passage]
    """Each at the first place of its document that says the same, for who reads a repeated passage reads both."""
    embedded: list[str]


@dataclass(frozen=True, slots=True)
class _Scores:
    recall: list[float]
    precision: list[float]
    iou: list[float]
    omega: list[float]


def measure_frontier(corpus: Corpus, ours: Sequence[ChunkingSettings], /) -> Iterator[Point]:
    """The published chunkers, the yardstick first, then ours: the five nearest chunks of each question, all chunks searched."""
    asked = corpus.embed_queries([question.text for question in corpus.suite.questions])
    chunkers = {name: partial(_published, corpus, cut) for name, cut in _published_chunkers(corpus.embed).items()}
    chunkers |= {name_of(how): partial(_ours, corpus, how) for how in ours}
    yardstick: _Scores | None = None
    for name, make in chunkers.items():
        chunks = make()
        scores = _scores(corpus, chunks, asked)
        yardstick = yardstick or scores
        yield _point(name, chunks, scores, yardstick)


def name_of(how: ChunkingSettings, /) -> str:
    """As tables call it."""
    size = f"{how.max_tokens or 'as the model reads'}"
    overlap = f", {how.overlap_tokens} over" if how.overlap_tokens else ""
    return f"{how.kind}, {size}{overlap}{', titles' if how.embed_headings else ''}"


def _published_chunkers(embed: Embed) -> dict[str, Callable[[str], list[Span]]]:
    return {
        YARDSTICK: lambda text: recursive(text, 200),
        "published: recursive, 250": lambda text: recursive(text, 250),
        "published: recursive, 400": lambda text: recursive(text, 400),
        "published: tokens, 200": lambda text: tokens(text, 200),
        "published: tokens, 250, 125 over": lambda text: tokens(text, 250, 125),
        "published: clusters, 200": lambda text: cluster_semantic(text, 200, embed),
        "published: clusters, 400": lambda text: cluster_semantic(text, 400, embed),
    }


def _published(corpus: Corpus, cut: Callable[[str], list[Span]]) -> _Chunks:
    places, texts = [], []
    for document in corpus.suite.documents:
        for start, end in cut(document.content):
            places.append(_first(document.name, document.content, start, end))
            texts.append(document.content[start:end])
    return _Chunks(places, texts)


def _ours(corpus: Corpus, how: ChunkingSettings) -> _Chunks:
    rows = chunk(corpus.elements, cutting(how, corpus.tokenizer, corpus.embed), Identity(bytes(32)), buckets=1, fingerprint=_FINGERPRINT)
    contents = {document.name: document.content for document in corpus.suite.documents}
    texts = dict(document_text(corpus.elements).select("document_id", "text").iter_rows())
    original = {document: align(texts[document], contents[name]) for document, name in corpus.names.items()}
    places = []
    for document, start, end in rows.select("document_id", "char_start", "char_end").iter_rows():
        name = corpus.names[document]
        places.append(_first(name, contents[name], *(span_of(original[document], start, end) or (0, 0))))
    return _Chunks(places, embedded_texts(rows, how, corpus.tokenizer))


def _first(name: str, content: str, start: int, end: int) -> Passage:
    place = content.index(content[start:end])
    return Passage(name, place, place + end - start)


def _scores(corpus: Corpus, chunks: _Chunks, asked: Vectors) -> _Scores:
    nearest = np.argsort(-(asked @ corpus.embed(chunks.embedded).T), axis=1, kind="stable")[:, :PASSAGES]
    questions = [question.passages for question in corpus.suite.questions]
    read = [span_scores([chunks.places[at] for at in row], wanted) for row, wanted in zip(nearest, questions, strict=True)]
    omega = [precision_omega([place for place in chunks.places if place.document == wanted[0].document], wanted) for wanted in questions]
    return _Scores([one.recall for one in read], [one.precision for one in read], [one.iou for one in read], omega)


def _point(name: str, chunks: _Chunks, scores: _Scores, yardstick: _Scores) -> Point:
    recall, precision = paired(yardstick.recall, scores.recall), paired(yardstick.precision, scores.precision)
    return Point(
        chunker=name,
        chunks=len(chunks.places),
        characters=round(fmean(place.end - place.start for place in chunks.places)),
        recall=_percent(fmean(scores.recall)),
        precision=_percent(fmean(scores.precision)),
        iou=_percent(fmean(scores.iou)),
        precision_omega=_percent(fmean(scores.omega)),
        recall_gain=_percent(recall.difference),
        recall_low=_percent(recall.low),
        recall_high=_percent(recall.high),
        recall_p=round(recall.p_value, 4),
        precision_gain=_percent(precision.difference),
        precision_p=round(precision.p_value, 4),
    )


def _percent(share: float) -> float:
    return round(100 * share, 2)
