"""How well documents are found by meaning, by words and by both, through the whole pipeline; and how long a search takes.

python -m benchmarks.retrieval                          the suites beside the project, and up to 50,000 rows; an hour, most of it embedding
python -m benchmarks.retrieval --quick                  60 questions of one suite, and 2,000 rows
python -m benchmarks.retrieval --multilingual FOLDER    the Vietnamese suite too, with the model in that folder
python -m benchmarks.retrieval --keep FOLDER            take up what was indexed in that folder the last time
python -m benchmarks.retrieval --json                   one JSON object instead of tables
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine
from benchmarks.search_speed import Speed, measure_speed
from configs.model import ModelSettings
from configs.offline import go_offline
from configs.settings import RetrievalSettings, Settings
from contracts.evaluation import Scored
from evaluation.measures import NDCG
from evaluation.read import read_suite
from evaluation.significance import estimate, paired
from ragkeep.evaluate import evaluate_suite
from ragkeep.printing import Silence
from ragkeep.scratch import Where

_DATA = Path(__file__).parents[2] / "shared" / "data"
_SUITES = ("scifact", "xquad_en")
_MULTILINGUAL = "xquad_vi"
_FULL, _QUICK = 1_000, 60
_ROWS = {_FULL: (5_000, 50_000), _QUICK: (2_000,)}
_DENSE, _HYBRID = "meaning alone", "both, by scores"
_WAYS: dict[str, dict[str, Any]] = {
    _DENSE: {"hybrid": False},
    "words alone": {"meaning_weight": 0.0},
    "both, by ranks": {"fusion": "ranks", "meaning_weight": 0.5},
    _HYBRID: {},
}
"""The last is the default; words alone are the passages that either search found, in the order of their words."""


@dataclass(frozen=True, slots=True)
class Quality:
    """nDCG@10 of one way to rank, with its 95 % interval, and the chance that it differs from meaning alone by luck."""

    suite: str
    model: str
    way: str
    questions: int
    ndcg10: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a measurement."""

    quality: tuple[Quality, ...]
    speed: tuple[Speed, ...]
    machine: Machine


def measure(folder: Path, questions: int, /, *, multilingual: str | None = None, keep: Path | None = None) -> Figures:
    """The figures of at most so many questions a suite. Scratch workspaces lie in `keep`, or in `folder`."""
    go_offline()
    machine, default = describe_machine(), ModelSettings().name
    suites = {name: default for name in _SUITES if questions > _QUICK or name != "scifact"}
    if multilingual:
        suites[_MULTILINGUAL] = multilingual
    quality = tuple(each for name, model in suites.items() for each in _measure_suite(keep or folder / "kept", name, model, questions))
    return Figures(quality, tuple(measure_speed(folder, rows) for rows in _ROWS[questions]), machine)


def _measure_suite(keep: Path, name: str, model: str, questions: int) -> Iterator[Quality]:
    suite = read_suite(_DATA / name)
    suite = replace(suite, questions=suite.questions[:questions])
    before: list[float] = []
    for way, how in _WAYS.items():
        settings = Settings(model=ModelSettings(name=model), retrieval=RetrievalSettings(**how))
        outcome = evaluate_suite(suite, settings, Where(keep, keep), now=datetime.now(UTC), progress=Silence())
        scores = _scores(outcome.questions)
        before = before or scores
        found, luck = estimate(scores), paired(before, scores)
        yield Quality(
            suite=name,
            model=Path(model).name,
            way=way,
            questions=found.questions,
            ndcg10=round(found.mean, 4),
            low=round(found.low, 4),
            high=round(found.high, 4),
            p_value=round(luck.p_value, 4),
        )


def _scores(questions: tuple[Scored, ...]) -> list[float]:
    return [question.scores[NDCG] for question in questions]


def _show(figures: Figures) -> None:
    console = Console()
    table = Table(box=None, header_style="dim")
    for column in ("suite", "model", "way", "questions", "nDCG@10", "95 %", "p"):
        table.add_column(column)
    for each in figures.quality:
        interval = f"{each.low:.3f} to {each.high:.3f}"
        table.add_row(each.suite, each.model, each.way, str(each.questions), f"{each.ndcg10:.4f}", interval, f"{each.p_value:.4f}")
    console.print(table, highlight=False)
    for speed in figures.speed:
        told = ", ".join(f"{way} {seconds * 1000:.0f} ms" for way, seconds in speed.median_seconds.items())
        console.print(f"{speed.rows:,} rows: {told}", highlight=False)


def _holds(figures: Figures) -> bool:
    """Both together are nowhere worse than meaning alone."""
    by_way: dict[str, Mapping[str, float]] = {
        way: {each.suite: each.ndcg10 for each in figures.quality if each.way == way} for way in (_DENSE, _HYBRID)
    }
    return all(by_way[_HYBRID][suite] >= dense for suite, dense in by_way[_DENSE].items())


def run(arguments: list[str]) -> int:
    """As every benchmark, with one option more."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--multilingual", metavar="FOLDER", type=lambda folder: str(Path(folder).resolve()))
    parser.add_argument("--keep", metavar="FOLDER", type=Path)
    own, rest = parser.parse_known_args(arguments)
    benchmark = Benchmark(
        name="retrieval",
        about="How well documents are found by meaning and words; --multilingual FOLDER: a model for the Vietnamese suite; --keep FOLDER.",
        full=_FULL,
        quick=_QUICK,
        unit="questions a suite at most",
        measure=partial(measure, multilingual=own.multilingual, keep=own.keep),
        show=_show,
        holds=_holds,
    )
    return benchmark.run(rest)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
