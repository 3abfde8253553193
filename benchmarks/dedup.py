"""How fast duplicates are found, how many of them, and what an index of a million chunks costs.

python -m benchmarks.dedup            20,000 chunks against three libraries, an index of 1,000,000; twelve minutes
python -m benchmarks.dedup --quick    4,000 chunks, an index of 20,000
python -m benchmarks.dedup --json     one JSON object instead of tables

`make peers` makes the environment of the libraries; without it their columns are empty. The texts stand in `shared/data` beside the
checkout; without them there is nothing to measure.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from benchmarks.chunks import DATA, make_chunks, read_sentences
from benchmarks.duplicates_index import Growth, grow
from benchmarks.duplicates_letters import Letters
from benchmarks.duplicates_truth import Recall, measure_recall, true_pairs, words_as_normalised, words_of_another
from benchmarks.duplicates_versions import Lineage, measure_lineage
from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine
from benchmarks.peers.rig import PEERS_PYTHON
from configs.settings import DedupSettings
from dedup.match import match
from dedup.sketch import sketch

_CHUNKS, _TOTAL, _QUICK = 20_000, 1_000_000, 20_000
_SEEDS, _REPETITIONS = 8, 5
_CROWD_WORDS = 60
_PEER = Path(__file__).parent / "peers" / "duplicates.py"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Chunks that all share one band, since all say the same in half of their words, and of which every hundredth has a near copy."""

    chunks: int
    cpu_seconds: float
    planted: int
    found: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a measurement. Speedups are ratios of median CPU-seconds; None where the library is not installed."""

    chunks: int
    speedup_datasketch: float | None
    speedup_datasketch_xxh32: float | None
    speedup_rensa: float | None
    speedup_rensa_flags: float | None
    speedup_gaoya: float | None
    kernel_vs_rensa: float | None
    recall_min: float
    recall_min_070_075: float
    recall_other_tokenizer_min: float
    batch_ratio: float
    delete_ratio: float
    true_pairs: int
    recall: list[float]
    recall_by_bin: list[Recall]
    seconds: dict[str, list[float]]
    """CPU-seconds of every repetition: `ragkeep` for the question the libraries are asked, `ragkeep_numbers` for the default, in which
    chunks that differ in a number are not duplicates, `ragkeep_kernel` and `rensa_kernel` for signatures of 128 from the same hashes."""
    index: Growth
    crowds: list[Crowd]
    letters: list[Letters]
    lineage: list[Lineage]
    versions: dict[str, str]
    machine: Machine


def measure(folder: Path, total: int, /) -> Figures:
    """The figures, with an index of `total` chunks in `folder`, and a fiftieth of that, at least 4,000, for the rest."""
    machine, sentences = describe_machine(), read_sentences()
    index = grow(folder, sentences, total // 50, total * 6 // 10, total)
    texts = list(make_chunks(sentences, max(total * _CHUNKS // _TOTAL, 4_000), seed=1))
    seconds, versions = _seconds(folder, texts)
    truth = true_pairs(words_as_normalised(texts))
    recall, bins = measure_recall(texts, truth, _SEEDS)
    other, _ = measure_recall(texts, true_pairs(words_of_another(texts)), _SEEDS)
    return Figures(
        chunks=len(texts),
        speedup_datasketch=_ratio(seconds, "datasketch", "ragkeep"),
        speedup_datasketch_xxh32=_ratio(seconds, "datasketch_xxh32", "ragkeep"),
        speedup_rensa=_ratio(seconds, "rensa", "ragkeep"),
        speedup_rensa_flags=_ratio(seconds, "rensa_flags", "ragkeep"),
        speedup_gaoya=_ratio(seconds, "gaoya", "ragkeep"),
        kernel_vs_rensa=_ratio(seconds, "rensa_kernel", "ragkeep_kernel"),
        recall_min=min(recall),
        recall_min_070_075=bins[0].recall,
        recall_other_tokenizer_min=min(other),
        batch_ratio=round(index.batch_large / index.batch_small, 2),
        delete_ratio=round(index.delete_large / index.delete_small, 2),
        true_pairs=truth.height,
        recall=recall,
        recall_by_bin=bins,
        seconds={name: [round(each, 4) for each in of] for name, of in seconds.items()},
        index=index,
        crowds=[_crowd(sentences, size) for size in (total // 100, total // 10)],
        letters=[_letters(folder, size) for size in (total // 1_000, total // 250, total * 2 // 125, total // 10)],
        lineage=measure_lineage(),
        versions=versions,
        machine=machine,
    )


def _seconds(folder: Path, texts: list[str]) -> tuple[dict[str, list[float]], dict[str, str]]:
    """CPU-seconds of ragkeep and of each library, each side in a process of its own, and versions; of ragkeep alone without the others."""
    chunks = folder / "chunks.json"
    chunks.write_text(json.dumps(texts), encoding="utf-8")
    arguments = [str(chunks), str(_REPETITIONS)]
    seconds: dict[str, list[float]] = _answer([sys.executable, "-m", "benchmarks.duplicates_speed", *arguments])
    if not PEERS_PYTHON.exists():
        return seconds, {}
    theirs = _answer([str(PEERS_PYTHON), str(_PEER), *arguments])
    return seconds | theirs["seconds"], theirs["versions"]


def _answer(command: list[str]) -> Any:
    return json.loads(subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True).stdout)


def _ratio(seconds: dict[str, list[float]], theirs: str, ours: str) -> float | None:
    return round(median(seconds[theirs]) / median(seconds[ours]), 2) if theirs in seconds else None


def _crowd(sentences: list[str], count: int) -> Crowd:
    """Of texts and settings such that every text is in one and the same band."""
    shared = " ".join(" ".join(sentences[:20]).split()[:_CROWD_WORDS])
    chunks = [" ".join(chunk.split()[:_CROWD_WORDS]) for chunk in make_chunks(sentences, count, seed=2)]
    texts = [f"{shared} {chunk}" for chunk in chunks]
    for place in range(0, count, 100):
        texts[place + 1] = f"{texts[place]} and nothing else"
    how = DedupSettings(bands=1, rows=1, numbers_differ=False)
    members = sketch(pl.Series("text", texts), how).with_columns(
        pl.lit([0], pl.List(pl.Int64)).alias("bands"), member=pl.int_range(pl.len())
    )
    started = process_time()
    found = match(members, how.threshold)
    seconds = process_time() - started
    planted = pl.DataFrame({"a": range(1, count, 100), "b": range(0, count, 100)})
    return Crowd(count, round(seconds, 3), planted.height, found.join(planted, on=["a", "b"], how="semi").height)


def _letters(folder: Path, count: int) -> Letters:
    """Of an index of nothing but letters that are near to each other, in a process of its own for its memory."""
    place = folder / f"letters-{count}"
    place.mkdir()
    return Letters(**_answer([sys.executable, "-m", "benchmarks.duplicates_letters", str(count), str(place)]))


def _show(figures: Figures) -> None:
    console, machine = Console(), figures.machine
    console.print(f"{machine.cores} cores of {machine.processor}, {machine.memory_gb} GB, load {machine.load} a core", highlight=False)
    table = Table(box=None, header_style="dim")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    for name, value in figures_in_words(figures).items():
        table.add_row(name, value)
    console.print(table, highlight=False)


def figures_in_words(figures: Figures, /) -> dict[str, str]:
    """What a person asks, and the answer."""
    index = figures.index
    return {
        f"text to clusters, {figures.chunks:,} chunks, CPU-seconds": f"{median(figures.seconds['ragkeep']):.2f}",
        "against datasketch": _times(figures.speedup_datasketch),
        "against datasketch with xxh32": _times(figures.speedup_datasketch_xxh32),
        "against rensa": _times(figures.speedup_rensa),
        "against rensa's flags": _times(figures.speedup_rensa_flags),
        "against gaoya": _times(figures.speedup_gaoya),
        "kernel against rensa's": _times(figures.kernel_vs_rensa),
        f"recall of {figures.true_pairs:,} true pairs, least of {_SEEDS} seeds": f"{figures.recall_min:.4f}",
        "of those between 0.70 and 0.75": f"{figures.recall_min_070_075:.4f}",
        "by another tokeniser": f"{figures.recall_other_tokenizer_min:.4f}",
        f"batch of 1,000 into {index.large:,} over {index.small:,}": f"{figures.batch_ratio:.2f}",
        "deletion of 100": f"{figures.delete_ratio:.2f}",
        f"index of {index.total:,}, CPU-seconds": f"{index.build_cpu_seconds:.0f}",
        "peak memory, MB": f"{index.peak_mb:,.0f}",
        "bytes a chunk": f"{index.bytes_per_chunk:,.0f}",
        **{f"{each.letters:,} letters that are near, CPU-seconds": f"{each.build:.2f} + {each.decide:.2f}" for each in figures.letters},
        **{f"crowd of {crowd.chunks:,}, CPU-seconds": f"{crowd.cpu_seconds:.2f}" for crowd in figures.crowds},
    }


def _times(ratio: float | None) -> str:
    return "not installed" if ratio is None else f"{ratio:.1f} ×"


def _holds(figures: Figures) -> bool:
    """The guard against crowds loses nothing, and recall reaches its goal, whatever the speed."""
    return all(crowd.found == crowd.planted for crowd in figures.crowds) and figures.recall_min >= 0.995


BENCHMARK = Benchmark(
    name="dedup",
    about="How fast duplicates are found, how many of them, and what a large index costs.",
    full=_TOTAL,
    quick=_QUICK,
    unit="chunks",
    measure=measure,
    show=_show,
    holds=_holds,
)

if __name__ == "__main__":
    if not DATA.exists():
        sys.exit(f"{DATA}: the texts of this benchmark are not there, so nothing was measured")
    sys.exit(BENCHMARK.run())
