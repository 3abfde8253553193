"""What a run costs when little or nothing has changed, against the first.

python -m benchmarks.incremental            2,000 documents, several minutes
python -m benchmarks.incremental --quick    120 documents, a minute of processor time
python -m benchmarks.incremental --json     one JSON object instead of tables
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.command import Measured, ragkeep
from benchmarks.corpus import write_corpus, write_document
from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine

_DOCUMENTS = 2_000
_QUICK = 120
_WARM_UP = 8
_UNCHANGED_RUNS = 3
_GOAL = 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """One call of `ragkeep ingest`: its cost, and what it counted."""

    what: str
    seconds: float
    memory_mb: float
    documents: int
    added: int
    changed: int
    removed: int
    unchanged: int
    embedded: int
    cache_hits: int
    upserted: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a measurement; seconds are wall time of whole processes."""

    documents: int
    chunks: int
    redundant: int
    first_seconds: float
    first_memory_mb: float
    unchanged_seconds: float
    """The median of several runs."""
    unchanged_share: float
    """Of the first run's seconds."""
    unchanged_embedded: int
    unchanged_upserted: int
    unchanged_deleted: int
    """These three over all runs without a change: 0 each."""
    edited_documents: int
    edited_seconds: float
    edited_embedded: int
    steps: tuple[Step, ...]
    machine: Machine


def measure(folder: Path, documents: int, /) -> Figures:
    """The figures of a new corpus and a new workspace in `folder`, once a small one has warmed the disk's cache and Python's."""
    corpus, workspace = folder / "documents", folder / "workspace"
    machine = describe_machine()
    write_corpus(folder / "warm-up", _WARM_UP)
    ragkeep(folder / "warm-up-workspace", "ingest", str(folder / "warm-up"))
    paths = write_corpus(corpus, documents)

    def ingest(what: str) -> tuple[Step, Measured]:
        done = ragkeep(workspace, "ingest", str(corpus))
        return _step(what, done), done

    first, answered = ingest("first")
    same = [ingest("no change")[0] for _ in range(_UNCHANGED_RUNS)]
    edited_numbers = range(0, documents, 100)
    for number in edited_numbers:
        write_document(corpus, number, revision=2)
    edited, _ = ingest("1 % edited")
    write_document(corpus, documents)
    added, _ = ingest("one file added")
    paths[1].unlink()
    removed, _ = ingest("one file removed")
    paths[2].rename(corpus / f"moved{paths[2].suffix}")
    moved, _ = ingest("one file moved")
    typical = median(step.seconds for step in same)
    return Figures(
        documents=documents,
        chunks=answered.answer["chunks"]["produced"],
        redundant=answered.answer["chunks"]["redundant"],
        first_seconds=first.seconds,
        first_memory_mb=first.memory_mb,
        unchanged_seconds=typical,
        unchanged_share=round(typical / first.seconds, 4),
        unchanged_embedded=sum(step.embedded for step in same),
        unchanged_upserted=sum(step.upserted for step in same),
        unchanged_deleted=sum(step.deleted for step in same),
        edited_documents=len(edited_numbers),
        edited_seconds=edited.seconds,
        edited_embedded=edited.embedded,
        steps=(first, *same, edited, added, removed, moved),
        machine=machine,
    )


def _step(what: str, done: Measured) -> Step:
    documents = done.answer["documents"]
    return Step(
        what,
        done.seconds,
        done.memory_mb,
        documents=documents["seen"],
        **{name: documents[name] for name in ("added", "changed", "removed", "unchanged")},
        **{name: done.answer[name] for name in ("embedded", "cache_hits", "upserted", "deleted")},
    )


def _show(figures: Figures) -> None:
    console, machine = Console(), figures.machine
    console.print(
        f"{figures.documents} documents, {figures.chunks} chunks ({figures.redundant} redundant); "
        f"{machine.cores} cores of {machine.processor}, {machine.memory_gb} GB, load {machine.load} a core, Python {machine.python}",
        highlight=False,
    )
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    for column in ("run", "s", "MB", "new", "edited", "gone", "embedded", "cached", "upserted", "deleted"):
        table.add_column(column, justify="left" if column == "run" else "right", no_wrap=True)
    for step in figures.steps:
        counts = (step.added, step.changed, step.removed, step.embedded, step.cache_hits, step.upserted, step.deleted)
        table.add_row(step.what, f"{step.seconds:.1f}", f"{step.memory_mb:.0f}", *map(str, counts))
    console.print(table, highlight=False)
    goal = f"; the goal is {_GOAL:.0%} or less" if figures.documents >= _DOCUMENTS else ""
    console.print(f"A run without a change takes {figures.unchanged_share:.1%} of the first{goal}.", highlight=False)
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    console.print(packages, style="dim", highlight=False)


BENCHMARK = Benchmark(
    name="incremental",
    about="Cost of a run that changes little.",
    full=_DOCUMENTS,
    quick=_QUICK,
    unit="documents",
    measure=measure,
    show=_show,
    holds=lambda figures: not (figures.unchanged_embedded or figures.unchanged_upserted or figures.unchanged_deleted),
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
