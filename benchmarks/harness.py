"""What every benchmark does: read its options, measure in a folder that is gone afterwards, and print figures or a table."""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Figures = TypeVar("Figures", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Benchmark(Generic[Figures]):
    """`python -m benchmarks.NAME [--quick] [--json]`."""

    name: str
    about: str
    full: int
    quick: int
    unit: str
    measure: Callable[[Path, int], Figures]
    """Given a folder and how many of `unit`."""
    show: Callable[[Figures], None]
    holds: Callable[[Figures], bool]
    """Whether what must be true whatever the speed was true."""

    def run(self, arguments: Sequence[str] | None = None, /) -> int:
        """Measure and print. Exit code 1 if it does not hold."""
        parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{self.name}", description=self.about)
        parser.add_argument("--quick", action="store_true", help=f"{self.quick} {self.unit} instead of {self.full}")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        options = parser.parse_args(arguments)
        with tempfile.TemporaryDirectory(prefix="ragkeep-bench-") as folder:
            figures = self.measure(Path(folder), self.quick if options.quick else self.full)
        print(json.dumps(asdict(figures), indent=1)) if options.json else self.show(figures)
        return 0 if self.holds(figures) else 1
