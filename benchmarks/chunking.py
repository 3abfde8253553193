"""What chunkers make findable, against those that others published figures of; and what cutting costs against counting tokens.

python -m benchmarks.chunking            three corpora of `chroma_chunking`; a quarter of an hour, most of it embedding
python -m benchmarks.chunking --quick    the smallest of them
python -m benchmarks.chunking --json     one JSON object instead of tables
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.frontier import Corpus, Point, measure_frontier, name_of
from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine
from benchmarks.omega import Omega, measure_omegas
from chunking.chunk import chunk
from chunking.cutting import cutting
from cleaning.clean import clean, document_text
from configs.offline import go_offline
from configs.settings import ChunkingSettings, Settings
from contracts.ports import Tokenizer, Vectors
from evaluation.read import read_suite
from evaluation.suite import Suite
from flows.workspace import Workspace
from ragkeep.printing import Silence
from ragkeep.scratch import Where, scratch

_DATA = Path(__file__).parents[2] / "shared" / "data" / "chroma_chunking"
_TIMES = 9
_OURS = (
    ChunkingSettings(),
    ChunkingSettings(embed_headings=False),
    ChunkingSettings(kind="sentences", max_tokens=150, embed_headings=True),
    ChunkingSettings(kind="sentences", max_tokens=None, embed_headings=True),
    ChunkingSettings(kind="sentences", max_tokens=200, overlap_tokens=60, embed_headings=True),
    ChunkingSettings(kind="recursive", max_tokens=None, embed_headings=False),
    ChunkingSettings(kind="recursive", max_tokens=200, embed_headings=True),
    ChunkingSettings(kind="recursive", max_tokens=150, embed_headings=True),
    ChunkingSettings(kind="semantic", max_tokens=200, embed_headings=True),
    ChunkingSettings(kind="fixed", max_tokens=200, embed_headings=False),
    ChunkingSettings(kind="fixed", max_tokens=200, overlap_tokens=100, embed_headings=False),
)
"""The default first, then what else was weighed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a measurement. The first six are of the default chunker, but for the first."""

    precision_omega_200: float
    """Of the published recursive chunker with 200 tokens."""
    span_recall: float
    span_precision: float
    span_iou: float
    recall_gain: float
    tokens_ratio: float
    """Processor time of cutting, over that of tokenising the same documents once, with the place of each token; median of pairs."""
    questions: int
    omegas: tuple[Omega, ...]
    frontier: tuple[Point, ...]
    machine: Machine


def measure(folder: Path, corpora: int, /) -> Figures:
    """The figures of so many corpora, the smallest first."""
    go_offline()
    machine, suite = describe_machine(), _smallest(read_suite(_DATA), corpora)
    with scratch(suite, Settings(), Where(folder, folder), now=datetime.now(UTC), progress=Silence()) as made:
        corpus = _corpus(made.workspace, suite)
        frontier = tuple(measure_frontier(corpus, _OURS))
        ours = next(point for point in frontier if point.chunker == name_of(_OURS[0]))
        omegas = tuple(measure_omegas(suite))
        return Figures(
            precision_omega_200=omegas[0].by_their_rules,
            span_recall=ours.recall,
            span_precision=ours.precision,
            span_iou=ours.iou,
            recall_gain=ours.recall_gain,
            tokens_ratio=_tokens_ratio(corpus, made.workspace),
            questions=len(suite.questions),
            omegas=omegas,
            frontier=frontier,
            machine=machine,
        )


def _smallest(suite: Suite, corpora: int) -> Suite:
    documents = sorted(suite.documents, key=lambda document: len(document.content))[:corpora]
    names = {document.name for document in documents}
    questions = (question for question in suite.questions if {passage.document for passage in question.passages} <= names)
    return replace(suite, documents=tuple(documents), questions=tuple(questions))


def _corpus(workspace: Workspace, suite: Suite) -> Corpus:
    names = {document.file: document.name for document in suite.documents}
    manifest = workspace.lake.manifest.read(columns=["document_id", "uri"])
    elements, _ = clean(workspace.lake.elements.read(manifest["document_id"].to_list()), workspace.settings.cleaning)
    model = workspace.model
    return Corpus(
        suite,
        elements,
        {document: names[uri] for document, uri in manifest.iter_rows()},
        model.tokenizer,
        _remembered(model.embedder.embed_documents, model.tokenizer),
        lambda texts: np.stack([model.embedder.embed_query(text) for text in texts]),
    )


def _remembered(embed: Callable[[Sequence[str]], Vectors], tokenizer: Tokenizer) -> Callable[[Sequence[str]], Vectors]:
    """Embeds each text once, and of those that are longer than the model reads what it reads."""
    known: dict[str, np.ndarray] = {}

    def vectors(texts: Sequence[str]) -> Vectors:
        read = [
            text if len(spans) <= tokenizer.window else text[: spans[tokenizer.window - 1][1]]
            for text, spans in zip(texts, tokenizer.spans(texts), strict=True)
        ]
        new = list(dict.fromkeys(text for text in read if text not in known))
        known.update(zip(new, embed(new), strict=True) if new else ())
        return np.stack([known[text] for text in read])

    return vectors


def _tokens_ratio(corpus: Corpus, workspace: Workspace) -> float:
    texts = document_text(corpus.elements)["text"].to_list()
    how = cutting(ChunkingSettings(), corpus.tokenizer)
    pairs = [
        (
            _seconds(lambda: corpus.tokenizer.spans(texts)),
            _seconds(lambda: chunk(corpus.elements, how, workspace.identity, buckets=1, fingerprint="f" * 32)),
        )
        for _ in range(_TIMES + 1)
    ]
    return round(median(cutting_ / counting for counting, cutting_ in pairs[1:]), 2)


def _seconds(act: Callable[[], object]) -> float:
    started = process_time()
    act()
    return process_time() - started


def _show(figures: Figures) -> None:
    console = Console()
    table = Table(box=None, header_style="dim")
    for column in ("chunker", "chunks", "characters", "recall", "precision", "IoU", "PΩ", "recall +", "p"):
        table.add_column(column, justify="left" if column == "chunker" else "right", no_wrap=True)
    for point in figures.frontier:
        scores = (point.recall, point.precision, point.iou, point.precision_omega)
        table.add_row(
            point.chunker,
            f"{point.chunks:,}",
            f"{point.characters:,}",
            *(f"{score:.2f}" for score in scores),
            f"{point.recall_gain:+.2f}",
            f"{point.recall_p:.3f}",
        )
    console.print(table, highlight=False)
    for omega in figures.omegas:
        said = f"PΩ of {omega.chunker}: {omega.by_their_rules:.2f} by their rules, {omega.exact:.2f} exact; published {omega.published}"
        console.print(said, highlight=False)
    console.print(f"cutting takes {figures.tokens_ratio:.2f} × one tokenisation of the same text", highlight=False)


def _holds(figures: Figures) -> bool:
    """The published chunkers cut here as their authors had it, so the others are compared with the right thing."""
    return figures.questions < _ALL_QUESTIONS or all(abs(each.by_their_rules - each.published) < 0.05 for each in figures.omegas)


_ALL_QUESTIONS = 317

BENCHMARK = Benchmark(
    name="chunking",
    about="What chunkers make findable, and what cutting costs.",
    full=3,
    quick=1,
    unit="corpora, the smallest first",
    measure=measure,
    show=_show,
    holds=_holds,
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
