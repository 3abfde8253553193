"""A measurement that was kept, as the tables of docs/benchmarks.md."""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

_KEPT = Path(__file__).with_name("measured.json")
_KEPT_ERASURE = Path(__file__).with_name("measured_erasure.json")
_KEPT_EMBEDDINGS = Path(__file__).with_name("measured_embeddings.json")
_KEPT_RETRIEVAL = Path(__file__).with_name("measured_retrieval.json")
_KEPT_CHUNKING = Path(__file__).with_name("measured_chunking.json")


def kept_measurement(path: Path = _KEPT, /) -> str:
    """Markdown of what `python -m benchmarks.incremental --json` printed into `path`."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    goal = (
        f"**A run without a change takes {figures['unchanged_share']:.1%} of the first** and embeds {figures['unchanged_embedded']}, "
        f"upserts {figures['unchanged_upserted']} and deletes {figures['unchanged_deleted']} rows."
    )
    return "\n\n".join((_corpus(figures), _steps(figures["steps"]), goal, machine_in_words(figures["machine"])))


def kept_erasure(path: Path = _KEPT_ERASURE, /) -> str:
    """Markdown of what `python -m benchmarks.erasure --json` printed into `path`."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    return "\n\n".join((_erasures(figures), _waits(figures["waited"]), machine_in_words(figures["machine"])))


def kept_chunking(path: Path = _KEPT_CHUNKING, /) -> str:
    """Markdown of what `python -m benchmarks.chunking --json` printed into `path`."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    ratio = f"Cutting takes **{figures['tokens_ratio']:.2f} times** as long as tokenising the same documents once, with each token's place."
    return "\n\n".join((_frontier(figures["frontier"]), _omegas(figures["omegas"]), ratio, machine_in_words(figures["machine"])))


def kept_embeddings(path: Path = _KEPT_EMBEDDINGS, /) -> str:
    """Markdown of what `python -m benchmarks.embeddings --json` printed into `path`."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    lines = ["| way | chunks a CPU second | times sentence-transformers | share of peak | cosine to float32 | least | all cores / one |"]
    lines.append("|---|" + "--:|" * 6)
    for way in figures["ways"]:
        share, streams = f"{way['peak_share']:.0%}" if way["peak_share"] else "", way["streams_speedup"] or ""
        cosines = f"{way['cosine_mean']:.5f} | {way['cosine_min']:.5f}"
        lines.append(f"| {way['name']} | {way['chunks_per_cpu_second']} | {way['speedup']:.2f} | {share} | {cosines} | {streams} |")
    peaks = ", ".join(f"{peak:,} in {dtype}" for dtype, peak in figures["peaks"].items())
    told = f"{figures['chunks']} chunks, {figures['tokens']:,} tokens. The peak of one core, in 10⁹ operations a second: {peaks}."
    lost = ["| suite | model | questions | passages | cosine of int8 | nDCG@10, float32 | int8 | drop (95 %) |", "|---|---|" + "--:|" * 6]
    for each in figures["quality"]:
        drop = f"{each['drop']:+.2f} ({each['drop_low']:+.2f} to {each['drop_high']:+.2f})"
        counts = f"{each['questions']:,} | {each['passages']:,} | {each['cosine_mean']:.4f}"
        lost.append(f"| {each['suite']} | {each['model']} | {counts} | {each['float32']:.2f} | {each['int8']:.2f} | {drop} |")
    return "\n\n".join(("\n".join(lines), told, "\n".join(lost), _costs(figures["costs"]), machine_in_words(figures["machine"])))


def _costs(costs: Iterable[dict[str, Any]]) -> str:
    heads = (
        "ingest with",
        "documents",
        "chunks",
        "first, CPU s",
        "again",
        "embedding alone",
        "first / embedding",
        "by the clock",
        "first / again",
    )
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * (len(heads) - 1)]
    for each in costs:
        clock = f"{each['ingest_took'] / each['embed_took']:.2f} ({each['ingest_took']:.0f} / {each['embed_took']:.0f} s)"
        ratios = f"{each['ingest'] / each['embed']:.2f} | {clock} | {each['ingest'] / each['again']:.0f}"
        seconds = f"{each['ingest']:.1f} | {each['again']:.2f} | {each['embed']:.1f}"
        lines.append(f"| {each['way']} | {each['documents']:,} | {each['chunks']:,} | {seconds} | {ratios} |")
    return "\n".join(lines)


def kept_retrieval(path: Path = _KEPT_RETRIEVAL, /) -> str:
    """Markdown of what `python -m benchmarks.retrieval --json` printed into `path`."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    lines = ["| suite | model | passages ranked by | questions | nDCG@10 | 95 % | p |", "|---|---|---|--:|--:|--:|--:|"]
    for each in figures["quality"]:
        interval, chance = f"{each['low']:.3f} to {each['high']:.3f}", _p_value(each["p_value"])
        what = f"{each['suite']} | {each['model']} | {each['way']}"
        lines.append(f"| {what} | {each['questions']} | {each['ndcg10']:.4f} | {interval} | {chance} |")
    waits = ["| rows | meaning alone, s | both, s |", "|--:|--:|--:|"]
    for each in figures["speed"]:
        seconds = " | ".join(f"{each['median_seconds'][way]:.3f}" for way in ("meaning alone", "both"))
        waits.append(f"| {each['rows']:,} | {seconds} |")
    return "\n\n".join(("\n".join(lines), "\n".join(waits), machine_in_words(figures["machine"])))


def _frontier(points: Iterable[dict[str, Any]]) -> str:
    lines = ["| chunker | chunks | characters | recall | precision | IoU | PΩ | recall gained (95 %) | p | precision gained | p |"]
    lines.append("|---|" + "--:|" * 10)
    for point in points:
        scores = " | ".join(f"{point[name]:.2f}" for name in ("recall", "precision", "iou", "precision_omega"))
        gained = f"{point['recall_gain']:+.2f} ({point['recall_low']:+.1f} to {point['recall_high']:+.1f}) | {_p_value(point['recall_p'])}"
        more = f"{point['precision_gain']:+.2f} | {_p_value(point['precision_p'])}"
        lines.append(f"| {point['chunker']} | {point['chunks']:,} | {point['characters']:,} | {scores} | {gained} | {more} |")
    return "\n".join(lines)


def _p_value(chance: float) -> str:
    return f"{chance:.3f}" if chance >= 0.001 else "< 0.001"


def _omegas(omegas: Iterable[dict[str, Any]]) -> str:
    lines = ["| published chunker, tokens of cl100k | PΩ as published | by their rules | by exact offsets |", "|---|--:|--:|--:|"]
    lines += [f"| {each['chunker']} | {each['published']} | {each['by_their_rules']:.2f} | {each['exact']:.2f} |" for each in omegas]
    return "\n".join(lines)


def _erasures(figures: dict[str, Any]) -> str:
    lines = ["| chunks | documents | rows taken out | in an open workspace, s | the command, s |", "|--:|--:|--:|--:|--:|"]
    for each in (figures["small"], figures["large"]):
        seconds = (_spread(each["open_seconds"]), _spread(each["command_seconds"]))
        lines.append(f"| {each['chunks']:,} | {each['documents']:,} | {median(each['touched']):.0f} | {seconds[0]} | {seconds[1]} |")
    lines.append(f"| ratio of the medians | | | {figures['ratio_open']:.2f} | {figures['ratio_command']:.2f} |")
    return "\n".join(lines)


def _spread(seconds: Iterable[float]) -> str:
    ordered = sorted(seconds)
    return f"**{median(ordered):.2f}** ({ordered[0]:.2f} to {ordered[-1]:.2f})"


def _waits(waited: Iterable[dict[str, Any]]) -> str:
    names = ("p50", "p99", "most", "acknowledged_p99", "after_p99")
    lines = ["| what | times | p50, s | p99, s | most, s | acknowledged, p99 | from then on, p99 | searches | returned it after |"]
    lines.append("|---|" + "--:|" * 8)
    for each in waited:
        seconds = " | ".join(f"{each[name]:.3f}" for name in names)
        lines.append(f"| {each['what']} | {each['times']:,} | {seconds} | {each['searches']:,} | {each['late']} |")
    return "\n".join(lines)


def _corpus(figures: dict[str, Any]) -> str:
    return f"{figures['documents']:,} documents, {figures['chunks']:,} chunks, of which {figures['redundant']:,} redundant."


def _steps(steps: Iterable[dict[str, Any]]) -> str:
    counts = ("added", "changed", "removed", "embedded", "cache_hits", "upserted", "deleted")
    lines = ["| run | seconds | MB | " + " | ".join(name.replace("_", " ") for name in counts) + " |", "|---|" + "--:|" * (len(counts) + 2)]
    for step in steps:
        cells = [f"{step['seconds']:,.1f}", f"{step['memory_mb']:,.0f}", *(f"{step[name]:,}" for name in counts)]
        lines.append(f"| {step['what']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine_in_words(machine: dict[str, Any], /) -> str:
    """What it was measured with, and how busy that was."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"Measured on {machine['cores']} cores of {machine['processor']}, {machine['memory_gb']} GB, {machine['system']}, "
        f"Python {machine['python']}; {packages}. {_sharing(machine['load'])}"
    )


def _sharing(load: float) -> str:
    if load > 1:
        return f"The machine was shared: {load:.1f} processes wanted each core when it began. Seconds are upper bounds."
    return f"The load was {load:.1f} a core when it began."
