"""A measurement that was kept, as the tables of docs/benchmarks.md."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_KEPT = Path(__file__).with_name("measured.json")


def kept_measurement(path: Path = _KEPT, /) -> str:
    """Markdown of what `python -m benchmarks.incremental --json` printed into `path`."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    goal = (
        f"**A run without a change takes {figures['unchanged_share']:.1%} of the first** and embeds {figures['unchanged_embedded']}, "
        f"upserts {figures['unchanged_upserted']} and deletes {figures['unchanged_deleted']} rows."
    )
    return "\n\n".join((_corpus(figures), _steps(figures["steps"]), goal, _machine(figures["machine"])))


def _corpus(figures: dict[str, Any]) -> str:
    return f"{figures['documents']:,} documents, {figures['chunks']:,} chunks, of which {figures['redundant']:,} redundant."


def _steps(steps: Iterable[dict[str, Any]]) -> str:
    counts = ("added", "changed", "removed", "embedded", "cache_hits", "upserted", "deleted")
    lines = ["| run | seconds | MB | " + " | ".join(name.replace("_", " ") for name in counts) + " |", "|---|" + "--:|" * (len(counts) + 2)]
    for step in steps:
        cells = [f"{step['seconds']:,.1f}", f"{step['memory_mb']:,.0f}", *(f"{step[name]:,}" for name in counts)]
        lines.append(f"| {step['what']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _machine(machine: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"Measured on {machine['cores']} cores of {machine['processor']}, {machine['memory_gb']} GB, {machine['system']}, "
        f"Python {machine['python']}; {packages}. {_sharing(machine['load'])}"
    )


def _sharing(load: float) -> str:
    if load > 1:
        return f"The machine was shared: {load:.1f} processes wanted each core when it began. Seconds are upper bounds."
    return f"The load was {load:.1f} a core when it began."
