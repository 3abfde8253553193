"""Bronze brought up to date: what a source lists, compared with the manifest; only what may have changed is read."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

from configs.faults import reach
from contracts.ids import bucket
from contracts.ports import Listed, Progress, Source
from contracts.tables import Manifest
from flows.family import Families
from flows.look import UNREAD, UNREDACTED, Look, Refreshed, Row, write_rows
from flows.unpack import carry, unpack, unpacking_of
from flows.workspace import Workspace
from governance.terms import effective_terms, expired, seal_subjects
from parsing.unpack import may_hold_files

_BATCH_FILES = 200
_BATCH_BYTES = 64_000_000


def refresh(workspace: Workspace, source: Source, listing: Sequence[Listed], /, *, now: datetime, progress: Progress) -> Refreshed:
    """Store every new version of the listed documents and of those within them, encrypted, and their terms.

    Nothing is removed, whatever is not listed, but for what a file no longer holds. A document whose terms cannot be read is not read
    either. A killed run leaves whole batches; the next one reads what is left.
    """
    look = _look(workspace, source, now)
    rows, restated, unread = {}, [], []
    for listed in listing:
        document_id = workspace.identity.document(source.name, listed.uri)
        if document_id in look.suppressed.documents:
            look.done.erased.add(document_id)
            continue
        before = look.known.get(document_id)
        rows[document_id] = row = _row(workspace, source.name, document_id, listed, before, now)
        look.done.listed[document_id] = row["version_id"]
        if listed.problem:
            look.refuse(row, listed.problem)
        if before and row != before:
            restated.append(row)
        if not listed.problem and (before is None or before["stat"] != listed.stat or not _is_current(look, row)):
            unread.append((listed, row))
    write_rows(workspace, restated)  # Terms first: they apply even if the bytes cannot be read, or are not worth it.
    _read_all(look, _without_expired(workspace, unread, now), progress)
    as_before = [row for name, row in rows.items() if name in look.done.listed and name not in look.opened and row["unpacked"]]
    write_rows(workspace, [member for row in as_before for member in carry(look, row)])
    return look.done


def _look(workspace: Workspace, source: Source, now: datetime) -> Look:
    of_source = pl.col("source_id") == source.name
    manifest, noted = (table.read().filter(of_source) for table in (workspace.lake.manifest, workspace.lake.quarantine))
    families = Families.of(noted, manifest)
    known, noted_by = ({row["document_id"]: row for row in frame.iter_rows(named=True)} for frame in (manifest, noted))
    for document_id in [name for name, row in known.items() if row["parent_id"] and row["stat"] == UNREAD]:
        if root := known.get(families.root(document_id)):
            known[root["document_id"]] = root | {"stat": UNREAD}  # To get at what lies in a file, the file is read.
    return Look(workspace, source, now, workspace.suppressions.all(), known, noted_by, families, unpacking_of(workspace, source.name))


def _is_current(look: Look, row: Row) -> bool:
    """Whether the bytes are held, and what lies in them was taken out as it would be now."""
    return row["stat"] != UNREAD and row["unpacked"] in ("", look.unpacking)


def _row(workspace: Workspace, source_id: str, document_id: str, listed: Listed, before: Row | None, now: datetime) -> Row:
    """The manifest's row for a listed document, saying of its bytes what was known before."""
    unreadable = listed.problem is not None and listed.problem.rule.startswith("source.")
    if unreadable and before:
        return before | {"state": "present"}
    terms = json.dumps(seal_subjects(listed.terms, workspace.identity), sort_keys=True, ensure_ascii=False)
    return {
        "bucket": bucket(document_id, workspace.settings.stores.buckets),
        "document_id": document_id,
        "parent_id": None,
        "source_id": source_id,
        "uri": listed.uri,
        "version_id": before["version_id"] if before else None,
        **{name: before[name] if before else value for name, value in UNREDACTED.items()},
        "size": before["size"] if before else listed.size,
        "stat": before["stat"] if before else listed.stat,
        "unpacked": before["unpacked"] if before else None,
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


def _read_all(look: Look, unread: list[tuple[Listed, Row]], progress: Progress) -> None:
    packed: list[tuple[Listed, Row]] = []
    read = 0
    for batch in _batches(unread):
        rows = _read(look, batch, packed)
        write_rows(look.workspace, rows)
        look.drop_superseded(rows)
        read += len(batch)
        progress.advance("read", read, len(unread))
    if packed:
        unpack(look, packed)


def _read(look: Look, batch: list[tuple[Listed, Row]], packed: list[tuple[Listed, Row]]) -> list[Row]:
    """The manifest's rows of a batch whose blobs are stored when this returns. What may hold documents is left to be unpacked."""
    rows, new = [], []
    for listed, row in batch:
        document_id = row["document_id"]
        content = look.content(listed, row)
        if content is None:
            continue
        version_id = look.workspace.identity.version(content)
        is_erased = version_id in look.suppressed.versions
        if version_id == row["original_version_id"] and (_is_current(look, row) or is_erased):
            # What was made of these bytes by redaction is held.
            rows.append(row | {"stat": listed.stat, "unpacked": look.unpacking if row["unpacked"] else ""})
            continue
        if is_erased:
            look.done.erased.add(document_id)
            look.done.listed.pop(document_id)
            continue
        is_known = version_id == row["version_id"] and _is_current(look, row)
        if not is_known and may_hold_files(content, listed.uri):
            packed.append((listed, row))
            continue
        if version_id != row["version_id"] or row["stat"] == UNREAD:
            new.append((document_id, version_id, content))
        if not is_known:
            look.opened.add(document_id)
        unpacked = row["unpacked"] if is_known else ""
        rows.append(look.renew(row, version_id, size=len(content), stat=listed.stat, unpacked=unpacked))
    look.workspace.blobs.put_many(new)
    reach("refresh.blobs")
    return rows
