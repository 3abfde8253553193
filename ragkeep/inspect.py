"""What is held, read for people and notebooks: counts, one document, one chunk's way back to its bytes."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import polars as pl

from cleaning.clean import clean, document_text
from contracts.errors import UsageError
from flows.decide import decide
from flows.family import Families
from flows.record import OPERATOR, audit
from flows.serving import serving
from flows.workspace import Workspace
from governance.terms import effective_terms
from ledger.runs import Run
from ragkeep.models import Answering, read_answering

_LAST_RUNS = 10


@dataclass(frozen=True, slots=True)
class Status:
    """Counts: rows by layer and store, documents by state, and what waits for somebody."""

    layers: dict[str, int]
    stores: dict[str, int]
    documents: dict[str, int]
    withheld: int
    unpurged: int
    model: Answering
    runs: tuple[Run, ...]


def read_status(workspace: Workspace, /) -> Status:
    """What every layer and store holds now; the vector store is asked, not remembered."""
    manifest = workspace.lake.manifest.read(columns=["source_id", "state"])
    by_source = dict(manifest.group_by("source_id").len().sort("source_id").iter_rows())
    return Status(
        layers={table.name: table.read(columns=["document_id"]).height for table in workspace.lake.copies},
        stores={
            "index": workspace.index.state().rows,
            "present": workspace.present.count(),
            "vector cache": workspace.vectors.size(),
            "duplicate index": workspace.duplicates.size(),
        },
        documents=by_source,
        withheld=manifest.filter(pl.col("state") == "missing").height,
        unpurged=len(workspace.requests.unpurged()),
        model=read_answering(workspace),
        runs=tuple(workspace.runs.recent(limit=_LAST_RUNS)),
    )


def read_quarantine(workspace: Workspace, /, *, now: datetime) -> list[dict[str, Any]]:
    """Each document in quarantine with rule, detail and remedy, by source and uri."""
    held = workspace.lake.quarantine.read().drop("bucket").sort("source_id", "uri")
    audit(workspace, "show.quarantine", held["document_id"].to_list(), now=now, actor=OPERATOR)
    return held.to_dicts()


def read_flagged(workspace: Workspace, /, *, now: datetime) -> list[dict[str, Any]]:
    """Each document that went on though a person should know something of how it was parsed, by source and uri."""
    places = workspace.lake.manifest.read(columns=["document_id", "source_id", "uri"])
    flagged = workspace.lake.reports.read().drop("bucket").filter(pl.col("rule").is_not_null()).join(places, on="document_id")
    audit(workspace, "show.flagged", flagged["document_id"].to_list(), now=now, actor=OPERATOR)
    return flagged.sort("source_id", "uri").to_dicts()


def read_document(workspace: Workspace, document: str, /, *, now: datetime) -> dict[str, Any]:
    """The manifest's row of a document, its terms in force, why it is refused or quarantined if it is, and what it lies in and holds."""
    row = _find(workspace, document)
    ids = [row["document_id"]]
    audit(workspace, "show.document", ids, now=now, actor=OPERATOR)
    terms = effective_terms(workspace.lake.manifest.read(ids), workspace.registry.terms(), workspace.identity).row(0, named=True)
    quarantined = workspace.lake.quarantine.read(ids).select("rule", "detail", "remedy").to_dicts()
    reports = workspace.lake.reports.read(ids).select("format", "characters", "coverage", "rule", "detail", "remedy").to_dicts()
    refused = decide(workspace, now=now).refused.filter(pl.col("document_id") == row["document_id"])
    return {
        **{name: row[name] for name in ("document_id", "parent_id", "source_id", "uri", "version_id", "size", "state", "observed_at")},
        "documents_in_it": _holds(workspace, row["document_id"]),
        "terms": {name: value for name, value in terms.items() if name not in row and value is not None},
        "parsing": reports[0] if reports else None,
        "elements": workspace.lake.elements.count(ids),
        "chunks": workspace.lake.chunks.count(ids),
        "index_rows": workspace.present.count(ids),
        "quarantine": quarantined[0] if quarantined else None,
        "refused": refused.select("rule", "detail").unique().to_dicts(),
    }


def read_text(workspace: Workspace, document: str, /, *, now: datetime) -> str:
    """The document's text after cleaning, into which the offsets of hits point."""
    elements = _cleaned(workspace, document, "show.text", now)
    texts = document_text(elements)["text"]
    return str(texts[0]) if len(texts) else ""


def read_elements(workspace: Workspace, document: str, /, *, now: datetime) -> list[dict[str, Any]]:
    """The document's elements after cleaning, in reading order, with their links."""
    cleaned = _cleaned(workspace, document, "show.elements", now)
    links = workspace.lake.elements.read(cleaned["document_id"].unique().to_list(), columns=["ordinal", "links"])
    return cleaned.join(links, on="ordinal", how="left", maintain_order="left").to_dicts()


def read_chunks(workspace: Workspace, document: str, /, *, now: datetime) -> list[dict[str, Any]]:
    """The document's chunks in order, each with its `state` (wanted, redundant or refused) and `why`."""
    decision = decide(workspace, now=now)
    document_id = _find(workspace, document)["document_id"]
    audit(workspace, "show.chunks", [document_id], now=now, actor=OPERATOR)
    chunks = workspace.lake.chunks.read([document_id]).drop("bucket")
    redundant = decision.redundant.select("chunk_id", stands_for_it="representative")
    judged = chunks.join(redundant, on="chunk_id", how="left").join(decision.refused.select("chunk_id", "rule"), on="chunk_id", how="left")
    stated = judged.with_columns(
        state=pl.when(pl.col("rule").is_not_null())
        .then(pl.lit("refused"))
        .when(pl.col("stands_for_it").is_not_null())
        .then(pl.lit("redundant"))
        .otherwise(pl.lit("wanted")),
        why=pl.coalesce("rule", pl.format("{} stands for it", "stands_for_it")),
    )
    return stated.sort("ordinal").drop("rule", "stands_for_it").to_dicts()


def read_trace(workspace: Workspace, chunk_id: str, /, *, now: datetime) -> dict[str, Any]:
    """From a chunk of the index to its file, page, characters, version, run, settings and model."""
    present = workspace.present.row(chunk_id)
    if present is None:
        raise UsageError(f"trace: chunk {chunk_id} is not in the index. Take the id from: ragkeep search … --json")
    audit(workspace, "trace", [present["document_id"]], now=now, actor=OPERATOR)
    rows = workspace.lake.rows.read([present["document_id"]]).filter(pl.col("chunk_id") == chunk_id)
    if rows.is_empty():
        raise UsageError(f"trace: chunk {chunk_id} is of an index whose successor is being built. End that with: ragkeep reindex")
    row = rows.row(0, named=True)
    chunk = workspace.lake.chunks.read([present["document_id"]]).filter(pl.col("chunk_id") == chunk_id).row(0, named=True)
    run, model = workspace.runs.get(present["run_id"]), serving(workspace)
    parent = workspace.lake.manifest.read([present["document_id"]], columns=["parent_id"])["parent_id"]
    place = ("source_id", "uri", "document_id", "version_id", "page_start", "page_end", "char_start", "char_end", "heading_path", "title")
    return {
        **{name: row[name] for name in place},
        "parent_id": parent[0] if len(parent) else None,
        "terms": {name: row[name] for name in ("lawful_basis", "purposes", "classification", "consent_state", "expires_at")},
        "run": {"run_id": present["run_id"], "flow": run.flow if run else None, "started_at": run.started_at if run else None},
        "chunking": {"fingerprint": chunk["fingerprint"], "settings": json.loads(workspace.settings.chunking.model_dump_json())},
        "model": {"name": model.name, **asdict(model.identity)},
        "index": {"collection": workspace.present.collection(), "row_hash": present["row_hash"], "vector_digest": present["vector_digest"]},
    }


def _holds(workspace: Workspace, document_id: str) -> int:
    """How many documents lie in this one, at any depth."""
    families = Families.of(workspace.lake.manifest.read(columns=["document_id", "parent_id"]))
    return len(families.below([document_id]))


def _cleaned(workspace: Workspace, document: str, action: str, now: datetime) -> pl.DataFrame:
    row = _find(workspace, document)
    audit(workspace, action, [row["document_id"]], now=now, actor=OPERATOR)
    return clean(workspace.lake.elements.read([row["document_id"]]), workspace.settings.cleaning)[0]


def _find(workspace: Workspace, document: str) -> dict[str, Any]:
    manifest = workspace.lake.manifest.read()
    found = manifest.filter((pl.col("document_id") == document) | (pl.col("uri") == document))
    if found.height == 1:
        return found.row(0, named=True)
    if found.is_empty():
        raise UsageError(f"show: no document with id or uri {document!r} is held. What is held: ragkeep status")
    places = ", ".join(f"{source} ({name})" for source, name in found.select("source_id", "document_id").iter_rows())
    raise UsageError(f"show: {document!r} is held from several sources: {places}. Name the document's id")
