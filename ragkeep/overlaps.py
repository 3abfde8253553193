"""What documents have in common beyond chunks: passages that stand in many, and documents that others hold whole. Audited."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from cleaning.clean import clean, document_text
from dedup.contained import find_contained
from dedup.repeated import count_passages, merge_repeated
from dedup.sketch import sketch
from flows.decide import decide
from flows.record import OPERATOR, audit
from flows.workspace import Workspace
from ledger.database import batches

_DOCUMENTS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Repeated:
    """A passage as one document writes it. Numbers in it may differ in others."""

    passage: str
    documents: int
    times: int
    words: int


@dataclass(frozen=True, slots=True)
class Contained:
    """A document of which another has nearly all."""

    inner: str
    inner_id: str
    outer: str
    outer_id: str
    containment: float
    """Share of the inner's shingles that the outer has."""


def read_repeated(workspace: Workspace, least: int, /, *, limit: int, now: datetime) -> list[Repeated]:
    """Passages in at least so many admitted documents, headers and footers too, the most widespread first."""
    admitted = _admitted(workspace, now)
    counts = [count_passages(elements.select("document_id", "text")) for elements in _elements(workspace, admitted)]
    found = merge_repeated(pl.concat(counts)).filter(pl.col("documents") >= least).head(limit) if counts else None
    audit(workspace, "show.repeated", admitted, now=now, actor=OPERATOR)
    return [] if found is None else [Repeated(**row) for row in found.iter_rows(named=True)]


def read_contained(workspace: Workspace, least: float, /, *, limit: int, now: datetime) -> list[Contained]:
    """Admitted documents of which another has at least this share, after cleaning; what is nearest to the whole comes first."""
    admitted, settings = _admitted(workspace, now), workspace.settings
    parts = []
    for elements in _elements(workspace, admitted):
        texts = document_text(clean(elements, settings.cleaning)[0]).sort("document_id")
        parts.append(texts.select("document_id").with_columns(sketch(texts["text"], settings.dedup)["shingles"]))
    if not parts:
        return []
    documents = pl.concat(parts).sort("document_id").with_columns(pl.int_range(pl.len()).alias("member"))
    found = find_contained(documents, least).sort("containment", "inner", "outer", descending=[True, False, False]).head(limit)
    ids = documents["document_id"]
    pairs = [(ids[inner], ids[outer], share) for inner, outer, share in found.iter_rows()]
    shown = {document_id for inner, outer, _ in pairs for document_id in (inner, outer)}
    audit(workspace, "show.contained", shown, now=now, actor=OPERATOR)
    places = dict(workspace.lake.manifest.read(shown).select("document_id", "uri").iter_rows())
    return [Contained(places[inner], inner, places[outer], outer, share) for inner, outer, share in pairs]


def _admitted(workspace: Workspace, now: datetime) -> list[str]:
    return sorted(decide(workspace, now=now).admitted["document_id"])


def _elements(workspace: Workspace, document_ids: list[str]) -> Iterator[pl.DataFrame]:
    """Parsed elements, whole documents at a time."""
    for part in batches(document_ids, _DOCUMENTS_AT_ONCE):
        held = workspace.lake.manifest.read(part).select("document_id", "version_id")
        yield workspace.lake.elements.read(part).join(held, on=["document_id", "version_id"], how="semi")
