"""What comes out of real files and what it costs, beside stock unstructured and other readers: `python -m benchmarks.parsing`.

The files are those that two parsing projects test themselves with, and a long PDF whose text somebody typed out by hand; they are not part
of this repository and lie in a folder `shared/data` beside it.
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks.harness import Benchmark
from benchmarks.machine import Machine, describe_machine
from benchmarks.parsing_readers import READERS, word_recall
from benchmarks.parsing_structure import outline_of_elements, outline_of_markdown, structure_f1
from configs.settings import ParsingSettings
from parsing.detect import detect_format
from parsing.documents import Parsed, ToParse
from parsing.parse import parse_files

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
FOLDERS = ("docs_unstructured", "docs_docling")
LONG_PDF = DATA / "pdf_geotopo" / "GeoTopo-komprimiert.pdf"
LONG_TEXT = DATA / "pdf_geotopo" / "ground_truth.txt"
EXPECTED = ".expected.md"


@dataclass(frozen=True, slots=True)
class Recall:
    """Words of one format's files against a reader that parsing does not use."""

    format: str
    reader: str
    files: int
    unread: int
    """Files that this reader cannot read or finds no word in."""
    median: float
    least: float
    least_file: str


@dataclass(frozen=True, slots=True)
class Structure:
    """Mean structure F1 of one format's files against the Markdown that docling expects of them."""

    format: str
    files: int
    ours: float
    stock: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds for the same files of one format, each read in one process that had loaded everything before."""

    format: str
    files: int
    stock: float
    quick: float
    """Stock's partition with the quick classification alone."""
    ours: float
    """All of ours: reading, second reader, language."""


@dataclass(frozen=True, slots=True)
class Parsing:
    """All figures; the issue's names first."""

    files: int
    with_text: int
    unaccounted: int
    geotopo: float
    word_recall_median: float
    word_recall_min: float
    text_speedup: float
    pdf_speedup: float
    same_kind: float
    quarantined: dict[str, int]
    geotopo_peers: dict[str, float]
    recalls: tuple[Recall, ...]
    structures: tuple[Structure, ...]
    costs: tuple[Cost, ...]
    stock_without_text: int
    """Files from which stock gives no element or an error."""
    machine: Machine


def measure(_: Path, most: int) -> Parsing:
    """Of at most so many files, evenly taken."""
    if not DATA.is_dir():
        raise SystemExit(f"{DATA} is not there: the files that this measures are not part of the repository")
    machine = describe_machine()
    every = sorted(path for folder in FOLDERS for path in (DATA / folder).rglob("*") if path.is_file() and ".expected." not in path.name)
    paths = every[:: max(1, len(every) // most)][:most]
    parsed = _parse([*paths, LONG_PDF])
    formats = {path: str(detect_format(path.read_bytes(), path.name)) for path in [*paths, LONG_PDF]}
    long = parsed[LONG_PDF]
    recalls = list(_recalls(paths, formats, parsed))
    stock, quick, ours = (_worker(how, [*paths, LONG_PDF]) for how in ("stock", "quick", "ours"))
    costs = tuple(_costs(formats, stock, quick, ours))
    return Parsing(
        files=len(paths),
        with_text=sum(1 for path in paths if path in parsed and parsed[path].elements),
        unaccounted=sum(1 for path in paths if path not in parsed or bool(parsed[path].elements) == bool(parsed[path].failure)),
        geotopo=_similarity("\n\n".join(one.text for one in long.elements)),
        word_recall_median=median(share for _, _, share in recalls),
        word_recall_min=min(share for _, _, share in recalls),
        text_speedup=_ratio([cost for cost in costs if cost.format not in _NOT_TEXT]),
        pdf_speedup=_ratio([cost for cost in costs if cost.format == "pdf"]),
        same_kind=_same(stock, quick),
        quarantined=dict(Counter(one.failure.rule for one in parsed.values() if one.failure)),
        geotopo_peers={name: _similarity(read(LONG_PDF)) for name, read in _PEERS.items()},
        recalls=tuple(_by_format(recalls, paths, formats, parsed)),
        structures=tuple(_structures(paths, formats, parsed, stock)),
        costs=costs,
        stock_without_text=sum(1 for path in paths if not stock[path]["elements"]),
        machine=machine,
    )


def _parse(paths: Iterable[Path]) -> dict[Path, Parsed]:
    """As a run does it: a process a file, with limits."""
    named = dict(enumerate(paths))
    files = (ToParse(f"{number:032x}", "0" * 32, path.name, path.read_bytes()) for number, path in named.items())
    return {named[int(one.document_id, 16)]: one for one in parse_files(files, ParsingSettings())}


def _worker(how: str, paths: list[Path]) -> dict[Path, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.parsing_worker", how],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "DO_NOT_TRACK": "1"}
        | {"SCARF_NO_ANALYTICS": "1", "HF_HUB_OFFLINE": "1", "LC_ALL": "C.UTF-8"},
    )
    return {Path(answer["path"]): answer for answer in map(json.loads, done.stdout.splitlines())}


def _recalls(paths: list[Path], formats: Mapping[Path, str], parsed: Mapping[Path, Parsed]) -> Iterable[tuple[Path, str, float]]:
    for path in paths:
        if formats[path] not in READERS or not parsed[path].elements:
            continue
        try:
            expected = READERS[formats[path]][1](path.read_bytes())
        except (OSError, ValueError, LookupError, subprocess.CalledProcessError):
            continue
        share = word_recall("\n".join(one.text for one in parsed[path].elements), expected)
        if share is not None:
            yield path, formats[path], share


def _by_format(
    recalls: list[tuple[Path, str, float]], paths: list[Path], formats: Mapping[Path, str], parsed: Mapping[Path, Parsed]
) -> Iterable[Recall]:
    for format_ in sorted({format_ for _, format_, _ in recalls}):
        shares = {path: share for path, one, share in recalls if one == format_}
        with_text = sum(1 for path in paths if formats[path] == format_ and parsed[path].elements)
        least = min(shares, key=lambda path: shares[path])
        yield Recall(format_, READERS[format_][0], len(shares), with_text - len(shares), median(shares.values()), shares[least], least.name)


def _structures(
    paths: list[Path], formats: Mapping[Path, str], parsed: Mapping[Path, Parsed], stock: Mapping[Path, Mapping[str, Any]]
) -> Iterable[Structure]:
    scores: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for path in paths:
        expected = path.with_name(path.name + EXPECTED)
        if not expected.is_file():
            continue
        reference = outline_of_markdown(expected.read_text(encoding="utf-8"))
        ours = structure_f1(outline_of_elements(one._asdict() for one in parsed[path].elements), reference)
        theirs = structure_f1(outline_of_elements(stock[path]["elements"]), reference)
        if ours is not None and theirs is not None:
            scores[formats[path]].append((ours, theirs))
    for format_, pairs in sorted(scores.items()):
        yield Structure(format_, len(pairs), mean(ours for ours, _ in pairs), mean(theirs for _, theirs in pairs))


_NOT_TEXT = ("pdf", "doc", "ppt")
"""What LibreOffice converts costs what LibreOffice costs."""
Answers = Mapping[Path, Mapping[str, Any]]


def _costs(formats: Mapping[Path, str], stock: Answers, quick: Answers, ours: Answers) -> Iterable[Cost]:
    """Of files from which stock and ours both get text."""
    both = [path for path in formats if stock[path]["elements"] and ours[path]["elements"]]
    for format_ in sorted({formats[path] for path in both}):
        chosen = [path for path in both if formats[path] == format_]
        seconds = (sum(answers[path]["seconds"] for path in chosen) for answers in (stock, quick, ours))
        yield Cost(format_, len(chosen), *seconds)


def _ratio(costs: list[Cost]) -> float:
    ours = sum(cost.ours for cost in costs)
    return sum(cost.stock for cost in costs) / ours if ours else 0.0


def _same(stock: Answers, quick: Answers) -> float:
    """Share of stock's elements, in their places, that the quick classification gives with the same kind and text."""
    pairs = [
        (before == after)
        for path, answer in stock.items()
        for before, after in zip(answer["elements"], quick[path]["elements"], strict=False)
    ]
    longest = sum(max(len(answer["elements"]), len(quick[path]["elements"])) for path, answer in stock.items())
    return sum(pairs) / longest


def _similarity(text: str) -> float:
    from rapidfuzz.distance import Indel

    return Indel.normalized_similarity(_one_line_end(text), _one_line_end(LONG_TEXT.read_text(encoding="utf-8"))) * 100


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n")


def _pypdfium2(path: Path) -> str:
    import pypdfium2  # type: ignore[import-untyped]

    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(page.get_textpage().get_text_range() for page in document)


def _pypdf(path: Path) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(path).pages)


def _pdfminer(path: Path) -> str:
    from pdfminer.high_level import extract_text

    return extract_text(str(path))


_PEERS: dict[str, Callable[[Path], str]] = {"pypdfium2": _pypdfium2, "pypdf": _pypdf, "pdfminer.six": _pdfminer}


def show(figures: Parsing) -> None:
    """The table of docs/benchmarks.md."""
    from dataclasses import asdict

    from benchmarks.parsing_report import parsing_tables

    print(parsing_tables(asdict(figures)))


def holds(figures: Parsing) -> bool:
    """Whether every file was accounted for."""
    return figures.unaccounted == 0


BENCHMARK = Benchmark("parsing", __doc__, 1_000, 40, "files at most", measure, show, holds)

if __name__ == "__main__":
    raise SystemExit(BENCHMARK.run())
