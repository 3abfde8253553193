"""What a chunk costs to embed: sentence-transformers as it comes, and ragkeep's backends in their numbers, in one run; and what int8 loses.

python -m benchmarks.embeddings                          256 chunks, three rounds, two suites, two ingests: half an hour
python -m benchmarks.embeddings --quick                  48 chunks, one suite
python -m benchmarks.embeddings --multilingual FOLDER    the Vietnamese suite too, with the model in that folder
python -m benchmarks.embeddings --json                   one JSON object instead of a table
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.harness import Benchmark
from benchmarks.ingest_cost import Cost, costs
from benchmarks.int8_quality import Quality, measure_quality
from benchmarks.machine import Machine, describe_machine
from benchmarks.matmul_peak import count_operations, measure_peak
from benchmarks.prose import sentence
from configs.model import ModelSettings
from configs.offline import go_offline
from contracts.ports import Vectors
from embeddings.batching import Runner
from embeddings.describe import ModelFolder, describe
from embeddings.export import export
from embeddings.identify import identify
from embeddings.locate import locate
from embeddings.model import SentenceEmbedder
from embeddings.openvino_runner import OpenVinoRunner
from embeddings.quantise import quantise
from embeddings.tokenizer import ModelTokenizer
from embeddings.torch_runner import TorchRunner

_ROUNDS = 3
_TOKENS = 200
_FITTED = 300
_FULL, _QUICK = 256, 48
_DOCUMENTS = {_FULL: 300, _QUICK: 6}
_SUITES = {_FULL: ("xquad_en", "scifact"), _QUICK: ("xquad_en",)}
_STOCK = "sentence-transformers"
_BEST = {"float32": "openvino float32", "bfloat16": "openvino bfloat16", "int8": "openvino int8"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to embed, in medians over the rounds."""

    name: str
    chunks_per_cpu_second: float
    speedup: float
    """Of processor time against sentence-transformers on one thread, the median of the rounds' ratios."""
    peak_share: float
    """Of what one core multiplies at most in the same numbers; 0 where it was not asked."""
    cosine_mean: float
    cosine_min: float
    streams_speedup: float
    """Chunks a second of all cores' streams over one core's; 0 where it was not asked."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All of a measurement, and by name what it is about."""

    bf16_speedup: float
    """Of torch."""
    openvino_bf16_speedup: float
    openvino_bf16_cosine_mean: float
    openvino_int8_speedup: float
    int8_cosine_mean: float
    peak_share: float
    """Of OpenVINO in bfloat16."""
    int8_peak_share: float
    streams_speedup: float
    """Of OpenVINO in bfloat16."""
    ingest_over_embed: float
    """Of torch in float32."""
    warm_speedup: float
    """Of torch in float32."""
    chunks: int
    tokens: int
    ways: tuple[Way, ...]
    peaks: dict[str, float]
    """Thousand million operations a second of one core."""
    quality: tuple[Quality, ...]
    costs: tuple[Cost, ...]
    machine: Machine


def measure(folder: Path, count: int, /, *, multilingual: str | None = None) -> Figures:
    """The figures of so many chunks of 100 to 200 tokens."""
    go_offline()
    machine, model = describe_machine(), describe(locate(ModelSettings().name), ModelSettings())
    texts, fitted = _chunks(model, count, seed=7), _chunks(model, _FITTED, seed=8)
    runners = _runners(model, folder, fitted)
    tokenizer = ModelTokenizer(model)
    lengths = [tokens + tokenizer.special_tokens for tokens in tokenizer.count(texts)]
    peaks = {dtype: measure_peak(dtype) for dtype in _BEST}
    ways = _measure_ways(model, texts, runners, peaks, count_operations(model, lengths))
    by_name = {way.name: way for way in ways}
    suites = [(name, ModelSettings().name) for name in _SUITES[count]] + ([("xquad_vi", multilingual)] if multilingual else [])
    models = [{"backend": "torch", "dtype": "float32"}, {"backend": "openvino", "dtype": "bfloat16"}]
    spent = costs(folder, _DOCUMENTS[count], models)
    return Figures(
        bf16_speedup=by_name["torch bfloat16"].speedup,
        openvino_bf16_speedup=by_name[_BEST["bfloat16"]].speedup,
        openvino_bf16_cosine_mean=by_name[_BEST["bfloat16"]].cosine_mean,
        openvino_int8_speedup=by_name[_BEST["int8"]].speedup,
        int8_cosine_mean=by_name[_BEST["int8"]].cosine_mean,
        peak_share=by_name[_BEST["bfloat16"]].peak_share,
        int8_peak_share=by_name[_BEST["int8"]].peak_share,
        streams_speedup=by_name[_BEST["bfloat16"]].streams_speedup,
        ingest_over_embed=spent[0].over_embed,
        warm_speedup=spent[0].warm_speedup,
        chunks=count,
        tokens=sum(lengths),
        ways=ways,
        peaks={dtype: round(peak / 1e9) for dtype, peak in peaks.items()},
        quality=tuple(measure_quality(folder, name, named) for name, named in suites),
        costs=spent,
        machine=machine,
    )


def _chunks(model: ModelFolder, count: int, *, seed: int) -> list[str]:
    """Made-up prose, cut where about so many tokens are full."""
    rng, tokenizer = Random(seed), ModelTokenizer(model)
    texts = []
    for _ in range(count):
        text, wanted = "", rng.randint(_TOKENS // 2, _TOKENS)
        while tokenizer.count([text])[0] < wanted:
            text += sentence(rng) + " "
        texts.append(text.strip())
    return texts


def _runners(model: ModelFolder, folder: Path, fitted: Sequence[str]) -> dict[str, Callable[[int | None], SentenceEmbedder]]:
    """By name, what makes an embedder of so many streams, None for one a core."""
    exported, small = export(model, folder / "float32"), folder / "int8.xml"
    quantise(model, exported, fitted, small)

    def made(dtype: str, runner: Callable[[ModelFolder, int | None], Runner]) -> Callable[[int | None], SentenceEmbedder]:
        changed = replace(model, dtype=dtype)
        return lambda streams: SentenceEmbedder(changed, identify(changed), runner=runner(changed, streams))

    on_torch = {f"torch {dtype}": made(dtype, lambda how, streams: TorchRunner(how, streams=streams)) for dtype in ("float32", "bfloat16")}
    graphs = {"float32": exported, "bfloat16": exported, "int8": small}
    return on_torch | {
        _BEST[dtype]: made(dtype, lambda how, streams, graph=graph: OpenVinoRunner(how, graph, streams=streams))  # type: ignore[misc]
        for dtype, graph in graphs.items()
    }


def _measure_ways(
    model: ModelFolder,
    texts: Sequence[str],
    runners: dict[str, Callable[[int | None], SentenceEmbedder]],
    peaks: dict[str, float],
    operations: float,
) -> tuple[Way, ...]:
    """Every way in turn on one stream, round by round, so that whatever else the machine does meets all of them alike."""
    one = {name: make(1) for name, make in runners.items()}
    embed: dict[str, Callable[[Sequence[str]], Vectors]] = {_STOCK: _stock(model)} | {n: each.embed_documents for n, each in one.items()}
    exact = {name: act(texts) for name, act in embed.items()}
    rounds = [{name: _timed(lambda act=act: act(texts))[0] for name, act in embed.items()} for _ in range(_ROUNDS)]
    ways = []
    for name in embed:
        cpu = median(each[name] for each in rounds)
        cosines = (exact[_STOCK] * exact[name]).sum(axis=1)
        dtype = name.split()[-1]
        ways.append(
            Way(
                name=name,
                chunks_per_cpu_second=round(len(texts) / cpu, 1),
                speedup=round(median(each[_STOCK] / each[name] for each in rounds), 2),
                peak_share=round(operations / min(each[name] for each in rounds) / peaks[dtype], 2) if dtype in peaks else 0.0,
                cosine_mean=round(float(cosines.mean()), 6),
                cosine_min=round(float(cosines.min()), 6),
                streams_speedup=_streams(one[name], runners[name](None), texts) if name in runners else 0.0,
            )
        )
    return tuple(ways)


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


def _streams(one: SentenceEmbedder, many: SentenceEmbedder, texts: Sequence[str]) -> float:
    """Chunks a second of `many` over those of `one`, the median of rounds that each time both."""
    many.embed_documents(texts[:32])
    pairs = [tuple(_timed(lambda each=each: each.embed_documents(texts))[1] for each in (one, many)) for _ in range(_ROUNDS)]
    return round(median(alone / together for alone, together in pairs), 2)


def _show(figures: Figures) -> None:
    console = Console()
    table = Table(box=None, header_style="dim")
    for column in ("way", "chunks a CPU second", "times stock", "share of peak", "cosine", "least", "all cores / one"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way in figures.ways:
        share, streams = (f"{way.peak_share:.0%}" if way.peak_share else "", f"{way.streams_speedup}" if way.streams_speedup else "")
        cells = (f"{way.chunks_per_cpu_second:,}", f"{way.speedup}", share, f"{way.cosine_mean}", f"{way.cosine_min}", streams)
        table.add_row(way.name, *cells)
    console.print(table, highlight=False)
    for each in figures.quality:
        lost = f"nDCG@10 {each.float32} in float32, {each.int8} in int8: {each.drop} less ({each.drop_low} to {each.drop_high})"
        console.print(f"{each.suite}, {each.model}: {lost}", highlight=False)
    for cost in figures.costs:
        by = f"{cost.over_embed} × embedding, by the clock {cost.took_over_embed}"
        console.print(f"{cost.way}: ingest {by}; the first {cost.warm_speedup} × the second", highlight=False)


def _holds(figures: Figures) -> bool:
    """Vectors point where they should, whatever the speed."""
    least = {"torch bfloat16": 0.999, _BEST["float32"]: 0.9999, _BEST["bfloat16"]: 0.999, _BEST["int8"]: 0.95}
    return all(way.cosine_min > least.get(way.name, 0.9999) for way in figures.ways)


def run(arguments: list[str]) -> int:
    """As every benchmark, with one option more."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--multilingual", metavar="FOLDER", type=lambda folder: str(Path(folder).resolve()))
    own, rest = parser.parse_known_args(arguments)
    benchmark = Benchmark(
        name="embeddings",
        about="What a chunk costs to embed; --multilingual FOLDER: a model for the Vietnamese suite.",
        full=_FULL,
        quick=_QUICK,
        unit="chunks",
        measure=partial(measure, multilingual=own.multilingual),
        show=_show,
        holds=_holds,
    )
    return benchmark.run(rest)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
