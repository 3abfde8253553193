"""Every tool through the whole script, two at a time."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks.machine import Machine, describe_machine
from benchmarks.peers.rig import Column, Rig
from benchmarks.peers.script import FAILED, TESTS, Outcome

_DELETIONS = ("erased", "bytes_gone", "dropped_again")
COLUMNS = (
    Column("ragkeep", "ragkeep_command"),
    Column("LangChain, full", "langchain_index", "full"),
    Column("LangChain, incremental", "langchain_index", "incremental"),
    Column("LlamaIndex", "llamaindex_pipeline"),
    Column("CocoIndex", "cocoindex_app"),
    Column("unstructured-ingest", "unstructured_pipeline"),
    Column("LangChain, full, records kept", "langchain_index", "full kept", _DELETIONS),
    Column("LlamaIndex, documents kept", "llamaindex_pipeline", "kept", _DELETIONS),
    Column("unstructured-ingest, without reprocess", "unstructured_pipeline", "cached", ("edited", "unchanged")),
)


@dataclass(frozen=True, slots=True)
class Result:
    """A tool's outcomes by the name of the test."""

    name: str
    versions: dict[str, str]
    outcomes: dict[str, Outcome]


@dataclass(frozen=True, slots=True)
class Figures:
    """The whole table."""

    date: str
    results: tuple[Result, ...]
    machine: Machine


def compare(folder: Path, columns: tuple[Column, ...], /) -> Figures:
    """Every test of every column, each column in a folder of its own."""
    machine = describe_machine()
    with ThreadPoolExecutor(os.cpu_count()) as several:
        results = tuple(several.map(lambda numbered: _run(folder / str(numbered[0]), numbered[1]), enumerate(columns)))
    return Figures(datetime.now(UTC).date().isoformat(), results, machine)


def _run(folder: Path, column: Column) -> Result:
    rig = Rig(column, import_module(f"benchmarks.peers.{column.module}").TOOL, folder)
    folder.mkdir()
    rig.begin()
    versions = rig.versions()
    rig.load()
    rig.keep("corpus", "state", under="loaded")
    outcomes = {}
    for name, test in TESTS.items():
        if not column.rows or name in column.rows:
            rig.back("corpus", "state", under="loaded")
            try:
                outcomes[name] = test(rig)
            except RuntimeError as error:
                outcomes[name] = Outcome(FAILED, f"a call failed: {str(error).splitlines()[-1][:200]}")
    rig.close()
    return Result(column.name, versions, outcomes)
