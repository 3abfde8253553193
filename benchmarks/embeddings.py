"""What a chunk costs to embed: sentence-transformers as it comes, and ragkeep's batches in float32 and bfloat16, in one run.

python -m benchmarks.embeddings            480 chunks, five rounds, and the share of the processor's peak; ten minutes on two cores
python -m benchmarks.embeddings --quick    96 chunks
python -m benchmarks.embeddings --json     one JSON object instead of a table
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine
from benchmarks.prose import sentence
from configs.offline import go_offline
from configs.settings import ModelSettings
from contracts.ports import Vectors
from embeddings.describe import ModelFolder, describe
from embeddings.identify import identify
from embeddings.locate import locate
from embeddings.model import SentenceEmbedder
from embeddings.tokenizer import ModelTokenizer

_ROUNDS = 5
_TOKENS = 200
_SIDE = 1024
"""Of the square matrices whose product is the processor's peak: larger than a core's cache, so as fast as it gets."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to embed, in medians over the rounds."""

    name: str
    chunks_per_cpu_second: float
    chunks_per_second: float
    peak_share: float
    """Of what one core multiplies at most in the same numbers; 0 where it was not asked."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a measurement. Speed-ups are medians of the rounds' ratios of processor time, against sentence-transformers on one thread."""

    float32_speedup: float
    bf16_speedup: float
    bf16_cosine_mean: float
    bf16_cosine_min: float
    streams_speedup: float
    """Wall time of one core's stream over that of all cores', in bfloat16."""
    chunks: int
    tokens: int
    ways: tuple[Way, ...]
    machine: Machine


def measure(_: Path, count: int, /) -> Figures:
    """The figures of so many chunks of about 200 tokens."""
    go_offline()
    machine, model = describe_machine(), describe(locate(ModelSettings().name), ModelSettings())
    texts, tokens = _chunks(model, count)
    half_folder = replace(model, dtype="bfloat16")
    whole, half = (SentenceEmbedder(folder, identify(folder)) for folder in (model, half_folder))
    ways: dict[str, Callable[[Sequence[str]], Vectors]] = {
        "sentence-transformers": _stock(model),
        "float32": whole.embed_documents,
        "bfloat16": half.embed_documents,
    }
    for embed in ways.values():
        embed(texts[:16])
    rounds = [{name: _timed(lambda embed=embed: embed(texts)) for name, embed in ways.items()} for _ in range(_ROUNDS)]
    exact, near = whole.embed_documents(texts), half.embed_documents(texts)
    cosines = (exact * near).sum(axis=1)
    peaks = {"float32": _peak("float32"), "bfloat16": _peak("bfloat16")}
    return Figures(
        float32_speedup=_ratio(rounds, "float32"),
        bf16_speedup=_ratio(rounds, "bfloat16"),
        bf16_cosine_mean=round(float(cosines.mean()), 6),
        bf16_cosine_min=round(float(cosines.min()), 6),
        streams_speedup=_streams(half, SentenceEmbedder(half_folder, identify(half_folder), streams=1), texts),
        chunks=count,
        tokens=tokens,
        ways=tuple(_way(name, rounds, count, _operations(model, tokens), peaks.get(name)) for name in ways),
        machine=machine,
    )


def _chunks(model: ModelFolder, count: int) -> tuple[list[str], int]:
    """Made-up prose, cut where about so many tokens are full; how many tokens there are in all."""
    rng, tokenizer = Random(7), ModelTokenizer(model)
    texts = []
    for _ in range(count):
        text, wanted = "", rng.randint(_TOKENS // 2, _TOKENS)
        while tokenizer.count([text])[0] < wanted:
            text += sentence(rng) + " "
        texts.append(text.strip())
    return texts, sum(tokenizer.count(texts))


def _stock(model: ModelFolder) -> Callable[[Sequence[str]], Vectors]:
    """`encode` with its defaults: float32, 32 texts a batch. On one thread, which takes the least processor time."""
    from sentence_transformers import SentenceTransformer

    loaded = SentenceTransformer(str(model.path), local_files_only=True)
    return lambda texts: np.asarray(loaded.encode(list(texts), show_progress_bar=False))


def _timed(act: Callable[[], Any]) -> tuple[float, float]:
    """Processor and wall seconds."""
    wall, cpu = perf_counter(), process_time()
    act()
    return process_time() - cpu, perf_counter() - wall


def _ratio(rounds: Sequence[dict[str, tuple[float, float]]], name: str) -> float:
    return round(median(each["sentence-transformers"][0] / each[name][0] for each in rounds), 2)


def _streams(many: SentenceEmbedder, one: SentenceEmbedder, texts: Sequence[str]) -> float:
    pairs = [tuple(_timed(lambda each=each: each.embed_documents(texts))[1] for each in (one, many)) for _ in range(_ROUNDS)]
    return round(median(alone / together for alone, together in pairs), 2)


def _operations(model: ModelFolder, tokens: int) -> float:
    """Multiplications and additions with the weights that every token meets; looking embeddings up and attending are left out."""
    from safetensors import safe_open

    met = 0
    for path in model.weights:
        with safe_open(path, "numpy") as tensors:
            layers = [name for name in tensors.keys() if "embeddings" not in name and "pooler" not in name]  # noqa: SIM118
            shapes = [tensors.get_slice(name).get_shape() for name in layers]
        met += sum(prod(shape) for shape in shapes if len(shape) == 2)
    return 2.0 * met * tokens


def _peak(dtype: str) -> float:
    """Operations a second of one core in a product of two square matrices."""
    import torch

    left, right = (torch.rand(_SIDE, _SIDE).to(getattr(torch, dtype)) for _ in range(2))
    seconds = [_timed(lambda: left @ right)[0] for _ in range(30)]
    return 2.0 * _SIDE**3 / min(seconds)


def _way(name: str, rounds: Sequence[dict[str, tuple[float, float]]], count: int, operations: float, peak: float | None) -> Way:
    cpu, wall = (median(each[name][which] for each in rounds) for which in (0, 1))
    return Way(name, round(count / cpu, 1), round(count / wall, 1), round(operations / cpu / peak, 2) if peak else 0.0)


def _show(figures: Figures) -> None:
    console = Console()
    table = Table(box=None, header_style="dim")
    for column in ("way", "chunks a CPU second", "chunks a second", "share of peak"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way in figures.ways:
        table.add_row(
            way.name, f"{way.chunks_per_cpu_second:,}", f"{way.chunks_per_second:,}", f"{way.peak_share:.0%}" if way.peak_share else ""
        )
    console.print(table, highlight=False)
    told = f"Against sentence-transformers bfloat16 {figures.bf16_speedup} ×, float32 {figures.float32_speedup} ×; all cores against one "
    near = f"{figures.streams_speedup} ×; cosine to float32 {figures.bf16_cosine_mean} on average, {figures.bf16_cosine_min} at least"
    console.print(told + near, highlight=False)


def _holds(figures: Figures) -> bool:
    return figures.bf16_cosine_min > 0.999


BENCHMARK = Benchmark(
    name="embeddings",
    about="What a chunk costs to embed.",
    full=480,
    quick=96,
    unit="chunks",
    measure=measure,
    show=_show,
    holds=_holds,
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
