"""Bronze brought up to date: what a source lists, compared with the manifest; only what may have changed is read."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from configs.faults import reach
from contracts.errors import DocumentUnavailable, Vanished
from contracts.ids import bucket
from contracts.ports import Listed, Progress, Source
from contracts.results import Failure
from contracts.tables import Manifest
from flows.quarantine import Refusal
from flows.workspace import Workspace
from governance.terms import effective_terms, expired, seal_subjects
from ledger.suppressions import Suppressed

_BATCH_FILES = 200
_BATCH_BYTES = 64_000_000

UNREAD = ""
"""A `stat` that no listing has: the bytes are read again, and stored again, at the next opportunity."""

Row = dict[str, Any]
"""A row of the manifest."""

_UNREDACTED: Row = {"original_version_id": None, "redacted": [], "redaction": None}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of each document of one listing. A document that is in none of the sets is as it was."""

    listed: dict[str, str | None] = field(default_factory=dict)
    """document_id → version_id of what is held, None where nothing is."""
    added: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    """Refused for ever: the document or its bytes were erased."""
    refusals: list[Refusal] = field(default_factory=list)


def refresh(workspace: Workspace, source: Source, listing: Sequence[Listed], /, *, now: datetime, progress: Progress) -> Refreshed:
    """Store every new version of the listed documents, encrypted, and their terms. Nothing is removed, whatever is not listed.

    A document whose terms cannot be read is not read either. A killed run leaves whole batches; the next one reads what is left.
    """
    suppressed = workspace.suppressions.all()
    manifest = workspace.lake.manifest.read()
    known = {row["document_id"]: row for row in manifest.filter(pl.col("source_id") == source.name).iter_rows(named=True)}
    done, restated, unread = Refreshed(), [], []
    for listed in listing:
        document_id = workspace.identity.document(source.name, listed.uri)
        if document_id in suppressed.documents:
            done.erased.add(document_id)
            continue
        before = known.get(document_id)
        row = _row(workspace, source.name, document_id, listed, before, now)
        done.listed[document_id] = row["version_id"]
        if listed.problem:
            done.refusals.append(Refusal(document_id, row["version_id"], source.name, listed.uri, listed.problem))
        if before and row != before:
            restated.append(row)
        if not listed.problem and (before is None or before["stat"] != listed.stat):
            unread.append((listed, row))
    _write(workspace, restated)  # Terms first: they apply even if the bytes cannot be read, or are not worth it.
    worth_reading = _without_expired(workspace, unread, now)
    read = 0
    for batch in _batches(worth_reading):
        rows = _read(workspace, source, batch, suppressed, done, now)
        _write(workspace, rows)
        _drop_superseded(workspace, rows, done)
        read += len(batch)
        progress.advance("read", read, len(worth_reading))
    return done


def _row(workspace: Workspace, source_id: str, document_id: str, listed: Listed, before: Row | None, now: datetime) -> Row:
    """The manifest's row for a listed document, saying of its bytes what was known before."""
    unreadable = listed.problem is not None and listed.problem.rule.startswith("source.")
    if unreadable and before:
        return before | {"state": "present"}
    terms = json.dumps(seal_subjects(listed.terms, workspace.identity), sort_keys=True, ensure_ascii=False)
    return {
        "bucket": bucket(document_id, workspace.settings.stores.buckets),
        "document_id": document_id,
        "source_id": source_id,
        "uri": listed.uri,
        "version_id": before["version_id"] if before else None,
        **{name: before[name] if before else value for name, value in _UNREDACTED.items()},
        "size": before["size"] if before else listed.size,
        "stat": before["stat"] if before else listed.stat,
        "terms": terms,
        "terms_problem": listed.problem.detail if listed.problem else None,
        "state": "present",
        "observed_at": before["observed_at"] if before else now,
    }


def _without_expired(workspace: Workspace, unread: list[tuple[Listed, Row]], now: datetime) -> list[tuple[Listed, Row]]:
    """What has expired already is not even read. Sorted by bucket, so that a batch is few commits."""
    if not unread:
        return []
    frame = pl.DataFrame([row for _, row in unread], schema=Manifest.create_empty().schema, orient="row")
    terms = effective_terms(frame, workspace.registry.terms(), workspace.identity)
    ended = expired(terms, now)
    return sorted((pair for pair in unread if pair[1]["document_id"] not in ended), key=lambda pair: (pair[1]["bucket"], pair[0].uri))


def _batches(unread: list[tuple[Listed, Row]]) -> Iterator[list[tuple[Listed, Row]]]:
    batch: list[tuple[Listed, Row]] = []
    size = 0
    for listed, row in unread:
        if batch and (len(batch) == _BATCH_FILES or size + listed.size > _BATCH_BYTES or row["bucket"] != batch[0][1]["bucket"]):
            yield batch
            batch, size = [], 0
        batch.append((listed, row))
        size += listed.size
    if batch:
        yield batch


def _read(
    workspace: Workspace,
    source: Source,
    batch: list[tuple[Listed, Row]],
    suppressed: Suppressed,
    done: Refreshed,
    now: datetime,
) -> list[Row]:
    """The manifest's rows of a batch whose blobs are stored when this returns."""
    rows, new = [], []
    for listed, row in batch:
        document_id = row["document_id"]
        content = _content(workspace, source, listed, row, done)
        if content is None:
            continue
        version_id = workspace.identity.version(content)
        if version_id == row["original_version_id"] and (row["stat"] != UNREAD or version_id in suppressed.versions):
            rows.append(row | {"stat": listed.stat})  # What was made of these bytes by redaction is held.
            continue
        if version_id in suppressed.versions:
            done.erased.add(document_id)
            done.listed.pop(document_id)
            continue
        read = row | _UNREDACTED | {"version_id": version_id, "size": len(content), "stat": listed.stat}
        done.listed[document_id] = version_id
        if version_id != row["version_id"]:
            read["observed_at"] = now
            (done.changed if row["version_id"] else done.added).add(document_id)
        if version_id != row["version_id"] or row["stat"] == UNREAD:
            new.append((document_id, version_id, content))
        rows.append(read)
    workspace.blobs.put_many(new)
    reach("refresh.blobs")
    return rows


def _drop_superseded(workspace: Workspace, rows: list[Row], done: Refreshed) -> None:
    """Of a changed document the bytes of this version stay, and those of the version that was last finished, which is still served."""
    versions = {row["document_id"]: {row["version_id"]} for row in rows if row["document_id"] in done.changed}
    if versions:
        for document_id, version_id in workspace.outputs.frame().select("document_id", "version_id").iter_rows():
            versions.get(document_id, set()).add(version_id)
        for document_id, kept in versions.items():
            workspace.blobs.keep_only(document_id, kept)


def _content(workspace: Workspace, source: Source, listed: Listed, row: Row, done: Refreshed) -> bytes | None:
    """A document's bytes; None where they cannot be had, which is noted with its reason."""
    limit = workspace.settings.parsing.max_file_mb
    try:
        if listed.size <= limit * 1_000_000:
            return source.read(listed.uri)
        failure = Failure(
            "file.too_large", f"{listed.size / 1e6:.0f} MB, more than {limit} MB", "Split the file, or raise parsing.max_file_mb."
        )
    except Vanished:
        done.listed.pop(row["document_id"])
        return None
    except DocumentUnavailable as unavailable:
        failure = unavailable.failure
    done.refusals.append(Refusal(row["document_id"], row["version_id"], source.name, listed.uri, failure))
    return None


def _write(workspace: Workspace, rows: list[Row]) -> None:
    if rows:
        frame = pl.DataFrame(rows, schema=Manifest.create_empty().schema, orient="row")
        workspace.lake.manifest.replace(frame, frame["document_id"].to_list())
        reach("refresh.manifest")
