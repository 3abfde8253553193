"""How fast the audit's chain grows and is verified, and whether tampering with so many events is located.

python -m benchmarks.audit            1,000,000 events, about a minute
python -m benchmarks.audit --quick    50,000 events
python -m benchmarks.audit --json     one JSON object instead of a table
"""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine

from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine
from ledger.audit import Audit
from ledger.database import open_sqlite
from ledger.events import Event
from ledger.keyfile import new_key_material
from ledger.keys import KeyStore
from ledger.migrate import migrate
from ledger.signing import SigningKey

_EVENTS = 1_000_000
_QUICK = 50_000
_BATCH = 1_000
_GOAL = 100_000
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Figures:
    """Events a second are of processor time on one thread; seconds are of the clock, on a machine that others may use too."""

    events: int
    checkpoints: int
    append_per_second: int
    append_seconds: float
    verify_per_second: int
    verify_seconds: float
    sound: bool
    """Verified without a problem before anything was tampered with."""
    tampered: dict[str, int]
    """At which event what was done."""
    located: tuple[int, ...]
    """Where one verification found problems."""
    missed: tuple[str, ...]
    megabytes: float
    machine: Machine


def measure(folder: Path, count: int, /) -> Figures:
    """The figures of a new ledger of so many events in `folder`, appended in batches of 1,000."""
    machine = describe_machine()
    ledger, keys = open_sqlite(folder / "ledger.sqlite"), open_sqlite(folder / "keys.sqlite")
    migrate(ledger, "ledger")
    migrate(keys, "keys")
    audit = Audit(ledger, SigningKey(KeyStore(keys, new_key_material("benchmark"))), folder / "audit.jsonl")
    _, append_cpu, append_clock = _timed(lambda: _append(audit, count))
    found, verify_cpu, verify_clock = _timed(audit.verify)
    size = (folder / "ledger.sqlite").stat().st_size
    tampered = _tamper(ledger, count)
    located = tuple(problem.sequence for problem in audit.verify().problems)
    ledger.dispose()
    keys.dispose()
    return Figures(
        events=found.events,
        checkpoints=found.checkpoints,
        append_per_second=round(count / append_cpu),
        append_seconds=round(append_clock, 1),
        verify_per_second=round(count / verify_cpu),
        verify_seconds=round(verify_clock, 1),
        sound=not found.problems,
        tampered=tampered,
        located=located,
        missed=tuple(what for what, sequence in tampered.items() if sequence not in located),
        megabytes=round(size / 1e6, 1),
        machine=machine,
    )


def _append(audit: Audit, count: int) -> None:
    rest = _events(count)
    while batch := list(islice(rest, _BATCH)):
        audit.append(batch)
    audit.checkpoint(_BEGIN)


def _events(count: int) -> Iterator[Event]:
    for number in range(count):
        objects = tuple(f"{number * 5 + hit:032x}" for hit in range(5))
        yield Event(_BEGIN + timedelta(seconds=number), f"reader{number % 50}", "search", objects, "retrieval", counts={"hits": 5})


def _timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """The result, seconds of processor time, seconds of the clock."""
    spent, started = process_time(), perf_counter()
    result = work()
    return result, process_time() - spent, perf_counter() - started


def _tamper(ledger: Engine, count: int) -> dict[str, int]:
    """What somebody with the file could do, away from checkpoints: an edit, a removal, two events swapped, the tail cut off."""
    edited, removed, one, other, cut = (count * part // 10 + 7 for part in (2, 4, 6, 8, 9))
    with sqlite3.connect(ledger.url.database or "") as connection:
        connection.executescript(
            f"""
            DROP TRIGGER audit_event_no_update;
            DROP TRIGGER audit_event_no_delete;
            UPDATE audit_event SET event = replace(event, 'search', 'show') WHERE sequence = {edited};
            DELETE FROM audit_event WHERE sequence = {removed};
            UPDATE audit_event SET sequence = -1 WHERE sequence = {one};
            UPDATE audit_event SET sequence = {one} WHERE sequence = {other};
            UPDATE audit_event SET sequence = {other} WHERE sequence = -1;
            DELETE FROM audit_event WHERE sequence >= {cut};
            """
        )
    connection.close()
    return {"edited": edited, "removed": removed, "swapped": one, "swapped with it": other, "tail cut from": cut}


def _show(figures: Figures) -> None:
    console, machine = Console(), figures.machine
    console.print(
        f"{figures.events} events, {figures.checkpoints} checkpoints, {figures.megabytes} MB; "
        f"{machine.cores} cores of {machine.processor}, {machine.memory_gb} GB, load {machine.load} a core, Python {machine.python}",
        highlight=False,
    )
    table = Table(box=None, header_style="dim")
    for column in ("", "events a second of processor time", "seconds of the clock"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row("append", f"{figures.append_per_second:,}", f"{figures.append_seconds:.1f}")
    table.add_row("verify", f"{figures.verify_per_second:,}", f"{figures.verify_seconds:.1f}")
    console.print(table, highlight=False)
    console.print(f"The goal for verifying is {_GOAL:,} a second.", highlight=False)
    told = ", ".join(f"{what} {sequence}" for what, sequence in figures.tampered.items())
    console.print(f"Tampering: {told}. Located at {', '.join(map(str, figures.located))}.", highlight=False)


BENCHMARK = Benchmark(
    name="audit",
    about="Speed and tamper evidence of the audit.",
    full=_EVENTS,
    quick=_QUICK,
    unit="events",
    measure=measure,
    show=_show,
    holds=lambda figures: figures.sound and not figures.missed,
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
