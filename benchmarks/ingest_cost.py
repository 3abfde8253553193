"""What a whole ingest costs beside embedding alone, and a second one beside the first: in seconds of the processor, and by the clock."""

import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any

import yaml

from benchmarks.command import Measured, ragkeep
from benchmarks.prose import sentence, title
from chunking.embedded import embedded_texts
from configs.load import load_settings
from flows.workspace import open_workspace

_SENTENCES_A_SECTION, _SECTIONS = 10, 8
_TERMS = {"lawful_basis": "not_personal", "purposes": ["retrieval"], "classification": "public"}


@dataclass(frozen=True, slots=True)
class Cost:
    """One model's processor seconds: of `ragkeep ingest` as a process with all its children, of a second one that finds nothing new, and
    of embedding the same texts by the same model in a process that has loaded it."""

    way: str
    documents: int
    chunks: int
    ingest: float
    again: float
    embed: float
    ingest_took: float
    """Seconds by the clock, as the next."""
    embed_took: float

    @property
    def over_embed(self) -> float:
        return round(self.ingest / self.embed, 2)

    @property
    def took_over_embed(self) -> float:
        return round(self.ingest_took / self.embed_took, 2)

    @property
    def warm_speedup(self) -> float:
        return round(self.ingest / self.again, 1)


def measure_cost(folder: Path, documents: int, model: dict[str, Any], /) -> Cost:
    """Of so many text files of a few pages each, with these settings under `model`."""
    home = folder / "-".join(map(str, model.values()))
    _write_texts(home / "texts", documents)
    settings = {"sources": {"texts": {"path": "texts", "terms": _TERMS}}, "model": model}
    (home / "ragkeep.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    runs: list[Measured] = []
    first, again = (_spent_by_children(lambda: runs.append(ragkeep(home / "keep", "ingest"))) for _ in range(2))
    embedded = [run.answer["embedded"] for run in runs]
    if embedded[1] or not embedded[0]:
        raise RuntimeError(f"the first run embedded {embedded[0]}, the second {embedded[1]}")
    with open_workspace(
        home / "keep", load_settings(home / "ragkeep.yaml"), base=home, command="benchmark", now=datetime.now(UTC)
    ) as workspace:
        rows = workspace.lake.rows.read(columns=["text", "heading_path"])
        texts = embedded_texts(rows, workspace.settings.chunking, workspace.model.tokenizer)
        embedder = workspace.model.embedder
        embedder.embed_documents(texts[:32])
        wall, begun = perf_counter(), process_time()
        embedder.embed_documents(texts)
        embed, took = process_time() - begun, perf_counter() - wall
    seconds = {"ingest": round(first, 1), "again": round(again, 2), "embed": round(embed, 1)}
    clock = {"ingest_took": round(runs[0].seconds, 1), "embed_took": round(took, 1)}
    return Cost(" ".join(map(str, model.values())), documents, len(texts), **seconds, **clock)


def _write_texts(folder: Path, documents: int) -> None:
    folder.mkdir(parents=True)
    rng = Random(11)
    for number in range(documents):
        sections = [_section(rng) for _ in range(rng.randint(2, 2 * _SECTIONS))]
        (folder / f"{number:04d}.md").write_text("\n\n".join(sections), encoding="utf-8")


def _section(rng: Random) -> str:
    return f"# {title(rng)}\n\n" + " ".join(sentence(rng) for _ in range(_SENTENCES_A_SECTION))


def _spent_by_children(act: Callable[[], Any]) -> float:
    """User and system time of processes that this one started and that have ended, and of theirs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    act()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def costs(folder: Path, documents: int, models: Sequence[dict[str, Any]], /) -> tuple[Cost, ...]:
    """One after the other, each in a workspace of its own."""
    return tuple(measure_cost(folder, documents, model) for model in models)
