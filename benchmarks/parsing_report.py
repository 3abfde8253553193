"""A kept measurement of parsing, as the tables of docs/benchmarks.md."""

import json
from pathlib import Path
from typing import Any

from benchmarks.report import machine_in_words

_KEPT = Path(__file__).with_name("measured_parsing.json")


def kept_parsing(path: Path = _KEPT, /) -> str:
    """Markdown of what `python -m benchmarks.parsing --json` printed into `path`."""
    return parsing_tables(json.loads(path.read_text(encoding="utf-8")))


def parsing_tables(figures: dict[str, Any], /) -> str:
    """Goals, words, structure and cost."""
    return "\n\n".join((_goals(figures), _recalls(figures), _structures(figures), _costs(figures), machine_in_words(figures["machine"])))


def _goals(figures: dict[str, Any]) -> str:
    peers = ", ".join(f"{name} {score:.1f}" for name, score in figures["geotopo_peers"].items())
    why = ", ".join(f"{number} {rule}" for rule, number in sorted(figures["quarantined"].items()))
    rows = (
        (
            "files that come out with text",
            f"{figures['with_text']} of {figures['files']}; the others in quarantine: {why}",
            "all with text",
        ),
        ("files unaccounted for", f"{figures['unaccounted']}", "0"),
        ("files without text from stock unstructured", f"{figures['stock_without_text']}", ""),
        ("similarity to the typed text of the long PDF", f"**{figures['geotopo']:.1f}** ({peers})", "≥ 96.6"),
        (
            "word recall, median and least",
            f"{figures['word_recall_median']:.4f} and {figures['word_recall_min']:.3f}",
            "≥ 0.995 and ≥ 0.95",
        ),
        ("text formats, times fewer processor seconds than stock", f"{figures['text_speedup']:.2f}", "≥ 3.5"),
        ("PDF, times fewer", f"{figures['pdf_speedup']:.2f}", "≥ 3"),
        ("elements that the quick classification leaves equal", f"{figures['same_kind']:.3%}", "≥ 99.9%"),
    )
    return "\n".join(["| figure | measured | goal |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


def _recalls(figures: dict[str, Any]) -> str:
    lines = ["| format | the other reader | files | it reads no word of | median | least | in |", "|---|---|--:|--:|--:|--:|---|"]
    for one in figures["recalls"]:
        counts = f"{one['files']} | {one['unread']} | {one['median']:.4f} | {one['least']:.3f}"
        lines.append(f"| {one['format']} | {one['reader']} | {counts} | `{one['least_file']}` |")
    return "\n".join(lines)


def _structures(figures: dict[str, Any]) -> str:
    lines = ["| format | files with structure | structure F1 of ragkeep | of stock unstructured |", "|---|--:|--:|--:|"]
    lines += [f"| {one['format']} | {one['files']} | {one['ours']:.3f} | {one['stock']:.3f} |" for one in figures["structures"]]
    return "\n".join(lines)


def _costs(figures: dict[str, Any]) -> str:
    lines = ["| format | files | stock, s | with quick classification, s | ragkeep, s | times fewer |", "|---|--:|--:|--:|--:|--:|"]
    for one in figures["costs"]:
        seconds = " | ".join(f"{one[name]:.2f}" for name in ("stock", "quick", "ours"))
        lines.append(f"| {one['format']} | {one['files']} | {seconds} | {one['stock'] / max(one['ours'], 1e-9):.2f} |")
    return "\n".join(lines)
