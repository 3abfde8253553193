"""A comparison that was kept, as the tables of docs/peers.md."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.peers.script import TESTS
from scripts.docs_markdown import table

_KEPT = Path(__file__).with_name("measured.json")


def verdicts(path: Path = _KEPT, /) -> str:
    """One row a test, one column a tool that took all of them; then what it was measured with."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    whole = [result for result in figures["results"] if set(result["outcomes"]) == set(TESTS)]
    rows = [[_sentence(name), *(result["outcomes"][name]["verdict"] for result in whole)] for name in TESTS]
    packages = {name: version for result in figures["results"] for name, version in result["versions"].items()}
    machine = figures["machine"]
    return "\n\n".join(
        (
            table(["", *(result["name"] for result in whole)], rows),
            "Versions: " + ", ".join(f"{name} {version}" for name, version in packages.items()) + ".",
            f"Measured on {figures['date']} on {machine['cores']} cores of {machine['processor']}, {machine['memory_gb']} GB, "
            f"{machine['system']}, Python {machine['python']}.",
        )
    )


def observations(path: Path = _KEPT, /) -> str:
    """What was seen in each test, tool by tool."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    return "\n\n".join(line for result in figures["results"] for line in _observed(result))


def _observed(result: dict[str, Any]) -> Iterator[str]:
    yield f"### {result['name']}"
    rows = [(_sentence(name), outcome["verdict"], outcome["evidence"]) for name, outcome in result["outcomes"].items()]
    yield table(("test", "verdict", "observed"), rows)


def _sentence(name: str) -> str:
    return " ".join((TESTS[name].__doc__ or "").split())
