"""How long an erasure takes in a large index and in a small one, and how soon after a word nothing is returned any more.

python -m benchmarks.erasure            100,000 chunks against 10,000, and 1,000 withdrawals; twenty minutes
python -m benchmarks.erasure --quick    10,000 chunks against 1,000, and 100 withdrawals
python -m benchmarks.erasure --json     one JSON object instead of tables
"""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.command import ragkeep
from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine
from benchmarks.people import CHUNKS, LETTERS, make_workspace, opened, person
from benchmarks.withdrawal import Waited, measure_waiting
from flows.erase import erase
from flows.targets import Selector
from ragkeep.printing import Silence

_CHUNKS = 100_000
_QUICK = 10_000
_SMALLER = 10
_ERASURES = 7
_GOAL_SECONDS, _GOAL_RATIO, _GOAL_WAIT = 5.0, 1.5, 1.0


@dataclass(frozen=True, slots=True)
class Erasures:
    """Of one person after another, in one workspace; each has as many documents and rows as any other."""

    chunks: int
    documents: int
    rows: int
    """That the index held: a chunk that another stands for has none."""
    build_seconds: float
    touched: tuple[int, ...]
    """Rows that each erasure took out."""
    open_seconds: tuple[float, ...]
    """In a process that has the workspace open."""
    command_seconds: tuple[float, ...]
    """`ragkeep erase --subject … --yes --json`, Python's start included."""
    left: int
    """Rows of the erased that the index still has: 0."""

    @property
    def median_open(self) -> float:
        return median(self.open_seconds)

    @property
    def median_command(self) -> float:
        return median(self.command_seconds)


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a measurement, in seconds of the clock."""

    large: Erasures
    small: Erasures
    ratio_open: float
    ratio_command: float
    waited: tuple[Waited, ...]
    dimensions: int
    machine: Machine


def measure(folder: Path, chunks: int, /) -> Figures:
    """The figures of two new workspaces in `folder`, one of so many chunks and one of a tenth."""
    machine = describe_machine()
    small = _erasures(folder / "small" / "ws", chunks // _SMALLER)
    large = _erasures(folder / "large" / "ws", chunks)
    withdrawals = max(20, chunks // 100)
    return Figures(
        large=large,
        small=small,
        ratio_open=round(large.median_open / small.median_open, 2),
        ratio_command=round(large.median_command / small.median_command, 2),
        # Of the small one: in the large a single search of Milvus Lite, by vectors and words, takes a second of a core or more.
        waited=measure_waiting(folder / "small" / "ws", withdrawals, people=range(4 * _ERASURES, small.documents // LETTERS)),
        dimensions=_dimensions(folder / "small" / "ws"),
        machine=machine,
    )


def _erasures(root: Path, chunks: int) -> Erasures:
    people = chunks // (LETTERS * CHUNKS)
    started = perf_counter()
    rows = make_workspace(root, people)
    built = perf_counter() - started
    touched, in_open, by_command = [], [], []
    # Every second person, so that each has a neighbour who is promoted to what they shared.
    numbers = iter(range(0, 4 * _ERASURES, 2))
    with opened(root, now=datetime.now(UTC)) as workspace:
        for number in (next(numbers) for _ in range(_ERASURES)):
            started = perf_counter()
            done = erase(workspace, Selector("subject", person(number)), now=datetime.now(UTC), progress=Silence())
            in_open.append(round(perf_counter() - started, 3))
            touched.append(done.copies[0].before)
    for number in numbers:
        measured = ragkeep(root, "erase", "--subject", person(number), "--yes")
        by_command.append(measured.seconds)
        touched.append(measured.answer["copies"][0]["before"])
    return Erasures(
        chunks=people * LETTERS * CHUNKS,
        documents=people * LETTERS,
        rows=rows,
        build_seconds=round(built, 1),
        touched=tuple(touched),
        open_seconds=tuple(in_open),
        command_seconds=tuple(by_command),
        left=_left(root),
    )


def _left(root: Path) -> int:
    """Rows in the index beyond those of the documents that the manifest still has."""
    with opened(root, now=datetime.now(UTC)) as workspace:
        held = set(workspace.lake.manifest.read(columns=["document_id"])["document_id"])
        return sum(len(set(batch["document_id"]) - held) for batch in workspace.index.read())


def _dimensions(root: Path) -> int:
    with opened(root, now=datetime.now(UTC)) as workspace:
        return workspace.model.identity.dimensions


def _show(figures: Figures) -> None:
    console, machine = Console(), figures.machine
    console.print(
        f"{machine.cores} cores of {machine.processor}, {machine.memory_gb} GB, load {machine.load} a core, Python {machine.python}",
        highlight=False,
    )
    table = Table(box=None, header_style="dim")
    for column in ("chunks", "documents", "built in", "rows taken out", "erased, open", "erased, command"):
        table.add_column(column, justify="right")
    for each in (figures.small, figures.large):
        seconds = f"{each.build_seconds:.0f} s", f"{median(each.touched):.0f}", f"{each.median_open:.2f} s", f"{each.median_command:.2f} s"
        table.add_row(f"{each.chunks:,}", f"{each.documents:,}", *seconds)
    table.add_row("ratio", "", "", "", f"{figures.ratio_open:.2f}", f"{figures.ratio_command:.2f}")
    console.print(table, highlight=False)
    waits = Table(box=None, header_style="dim")
    for column in ("", "times", "p50", "p99", "most", "from the answer, p99", "searches", "returned after"):
        waits.add_column(column, justify="right" if column else "left")
    for waited in figures.waited:
        waits_of = waited.p50, waited.p99, waited.most, waited.after_p99
        waits.add_row(waited.what, str(waited.times), *(f"{each:.3f} s" for each in waits_of), str(waited.searches), str(waited.late))
    console.print(waits, highlight=False)
    console.print(
        f"Goals at 100,000 chunks: {_GOAL_SECONDS:.0f} s an erasure, ratio {_GOAL_RATIO}, p99 under {_GOAL_WAIT:.0f} s.", highlight=False
    )


BENCHMARK = Benchmark(
    name="erasure",
    about="Speed of an erasure, and of a withdrawal under load.",
    full=_CHUNKS,
    quick=_QUICK,
    unit="chunks",
    measure=measure,
    show=_show,
    holds=lambda figures: not (figures.large.left or figures.small.left or any(waited.late for waited in figures.waited)),
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
