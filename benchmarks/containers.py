"""What it costs to take documents out of files, beside the same documents in a folder: from the source to bronze, and looked at again.

python -m benchmarks.containers            4,000 documents, half a minute
python -m benchmarks.containers --quick    400 documents
python -m benchmarks.containers --json     one JSON object instead of a table
"""

import io
import random
import resource
import sys
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine
from configs.settings import ParsingSettings, Settings
from flows.refresh import refresh
from flows.workspace import open_workspace
from parsing.documents import ToParse
from parsing.unpack import unpack_files
from ragkeep.printing import Silence
from sources.memory import MemorySource

_FULL, _QUICK = 4_000, 400
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_A_MAIL = 10
"""Attachments of a mail."""
_TERMS = {"lawful_basis": "not_personal", "purposes": ["retrieval"], "classification": "public"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way of laying the documents out. Seconds of processor time are of all processes; those of the clock on a shared machine."""

    name: str
    files: int
    megabytes: float
    held: int
    """Documents in bronze afterwards, the files themselves among them."""
    first_cpu: float
    first_seconds: float
    again_cpu: float
    """Of another look, when nothing has changed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The ways side by side, and what a bomb costs until it is refused."""

    documents: int
    ways: tuple[Way, ...]
    bomb_megabytes: int
    bomb_seconds: float
    bomb_rule: str
    peak_megabytes: int
    """Of this process and of any child, whichever was larger."""
    machine: Machine


def measure(folder: Path, count: int, /) -> Figures:
    """The same texts as files, in one archive, in archives within archives, and attached to mails."""
    machine = describe_machine()
    chance = random.Random(1)
    texts = {f"{number:05}.txt": chance.randbytes(1_500).hex().encode() for number in range(count)}
    names = sorted(texts)
    groups = [{name: texts[name] for name in names[start : start + _A_MAIL]} for start in range(0, count, _A_MAIL)]
    layouts = {
        "files in a folder": texts,
        "one archive": {"all.zip": _zipped(texts)},
        "archives in an archive": {"all.zip": _zipped({f"{number}.zip": _zipped(group) for number, group in enumerate(groups)})},
        "attached to mails": {f"{number}.eml": _mailed(group) for number, group in enumerate(groups)},
    }
    ways = tuple(_measure(folder / str(number), name, files) for number, (name, files) in enumerate(layouts.items()))
    bomb = _zipped({"bomb.txt": bytes(200_000_000)})
    started = perf_counter()
    (answer,) = unpack_files([ToParse("0" * 32, "0" * 32, "bomb.zip", bomb)], ParsingSettings())
    seconds = perf_counter() - started
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1_000
    return Figures(count, ways, 200, round(seconds, 2), answer.failure.rule if answer.failure else "", peak, machine)


def _measure(folder: Path, name: str, files: dict[str, bytes]) -> Way:
    settings = Settings(sources={"all": {"path": ".", "terms": _TERMS}})  # type: ignore[dict-item]
    with open_workspace(folder / "ws", settings, base=folder, command="benchmark", now=_NOW) as workspace:
        source = MemorySource("all", files)
        spent = []
        for _ in range(2):
            cpu, started = _cpu(), perf_counter()
            refresh(workspace, source, list(source.list()), now=_NOW, progress=Silence())
            spent.append((_cpu() - cpu, perf_counter() - started))
        held = workspace.lake.manifest.read(columns=["document_id"]).height
    size = sum(map(len, files.values())) / 1e6
    return Way(name, len(files), round(size, 1), held, round(spent[0][0], 2), round(spent[0][1], 2), round(spent[1][0], 2))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _zipped(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def _mailed(attachments: dict[str, bytes]) -> bytes:
    message = EmailMessage()
    message["Subject"] = "What you asked for"
    message.set_content("Here it is.")
    for name, content in attachments.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def _show(figures: Figures) -> None:
    console, machine = Console(), figures.machine
    console.print(
        f"{figures.documents} documents of 3 kB; {machine.cores} cores of {machine.processor}, load {machine.load} a core; "
        f"at most {figures.peak_megabytes} MB in a process",
        highlight=False,
    )
    table = Table(box=None, header_style="dim")
    for column in ("", "files", "MB", "held", "processor seconds", "seconds", "processor seconds, looked at again"):
        table.add_column(column, justify="right" if column else "left")
    for way in figures.ways:
        spent = (way.first_cpu, way.first_seconds, way.again_cpu)
        table.add_row(way.name, str(way.files), f"{way.megabytes:.1f}", str(way.held), *(f"{seconds:.2f}" for seconds in spent))
    console.print(table, highlight=False)
    console.print(f"A bomb of {figures.bomb_megabytes} MB: {figures.bomb_rule} after {figures.bomb_seconds} s.", highlight=False)


def _holds(figures: Figures) -> bool:
    nested = figures.documents // _A_MAIL
    wanted = [figures.documents, figures.documents + 1, figures.documents + nested + 1, figures.documents + nested]
    return [way.held for way in figures.ways] == wanted and figures.bomb_rule == "archive.too_large"


BENCHMARK = Benchmark(
    name="containers",
    about="What it costs to take documents out of archives and messages.",
    full=_FULL,
    quick=_QUICK,
    unit="documents",
    measure=measure,
    show=_show,
    holds=_holds,
)

if __name__ == "__main__":
    sys.exit(BENCHMARK.run())
