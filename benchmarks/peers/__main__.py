"""ragkeep and four other tools on the same script of deletions, as a table.

python -m benchmarks.peers              every tool, a quarter of an hour on two idle cores; `make peers` makes the environment that it needs
python -m benchmarks.peers --only NAME  the columns whose name begins so; may be repeated
python -m benchmarks.peers --json       one JSON object instead of a table
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.peers.compare import COLUMNS, Figures, compare
from benchmarks.peers.rig import PEERS_PYTHON
from benchmarks.peers.script import TESTS


def main() -> int:
    """Exit code 2 without the environment, else 0: a test that a tool fails is a result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description="ragkeep and four other tools on the same script.")
    parser.add_argument("--only", action="append", metavar="NAME", help="columns whose name begins so")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    columns = tuple(column for column in COLUMNS if not options.only or column.name.startswith(tuple(options.only)))
    if not columns:
        parser.error(f"no column begins with {options.only}. Columns: {', '.join(column.name for column in COLUMNS)}")
    if not PEERS_PYTHON.exists():
        parser.error(f"{PEERS_PYTHON}: not there. Make it with: make peers")
    with tempfile.TemporaryDirectory(prefix="ragkeep-peers-") as folder:
        figures = compare(Path(folder), columns)
    print(json.dumps(asdict(figures), indent=1)) if options.json else _show(figures)
    return 0


def _show(figures: Figures) -> None:
    console = Console()
    for result in figures.results:
        packages = ", ".join(f"{name} {version}" for name, version in result.versions.items())
        table = Table(title=f"{result.name} ({packages})", title_justify="left", box=None, header_style="dim")
        for column in ("test", "verdict", "observed"):
            table.add_column(column, overflow="fold")
        for name, outcome in result.outcomes.items():
            table.add_row((TESTS[name].__doc__ or "").strip(), outcome.verdict, outcome.evidence)
        console.print(table, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
