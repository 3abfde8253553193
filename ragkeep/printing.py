"""Results on the screen: JSON for machines, a table for people, a bar on long work."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from contracts.ports import Progress


def print_json(value: Any, /) -> None:
    """One JSON value on stdout; dataclasses become objects, moments ISO 8601."""
    print(json.dumps(value, ensure_ascii=False, default=_plain))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], /) -> None:
    """A table for people."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if title:
        console.print(title, style="bold", highlight=False)
    table = Table(show_header=any(columns), header_style="dim", box=None)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    console.print(table, highlight=False)


def print_fields(title: str, fields: Mapping[str, Any], /) -> None:
    """Name and value, a line each."""
    print_table(title, ("", ""), ((name, _in_words(value)) for name, value in fields.items()))


@contextmanager
def progress_bar(*, enabled: bool) -> Iterator[Progress]:
    """A bar per stage on stderr if that is a terminal, else silence."""
    if not enabled or not sys.stderr.isatty():
        yield Silence()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Terminal(bars, {})


class Silence:
    """A Progress that shows nothing."""

    def advance(self, stage: str, done: int, total: int, /) -> None:
        """Say nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Terminal:
    """A Progress with one bar a stage."""

    bars: Any
    tasks: dict[str, Any]

    def advance(self, stage: str, done: int, total: int, /) -> None:
        """Move the stage's bar to `done` of `total`."""
        if stage not in self.tasks:
            self.tasks[stage] = self.bars.add_task(stage, total=total)
        self.bars.update(self.tasks[stage], completed=done, total=total)


def _in_words(value: Any) -> Any:
    """A list or mapping in the form that JSON gives it."""
    return json.dumps(value, ensure_ascii=False, default=_plain) if isinstance(value, dict | list | tuple) else value


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)
