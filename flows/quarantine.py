"""Documents that could not go on: noted with rule, detail and remedy, and struck off when they can."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from contracts.ids import bucket
from contracts.results import Failure
from contracts.tables import Quarantined
from flows.workspace import Workspace

OF_LISTING = "0" * 32
"""Fingerprint of what a listing complains of: each listing judges it anew. All else stands until the version or the settings change."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One document and why it stays out. `version_id` is None where no bytes were ever read."""

    document_id: str
    version_id: str | None
    source_id: str
    uri: str
    failure: Failure


def note(workspace: Workspace, refusals: Iterable[Refusal], cleared: Collection[str], /, *, fingerprint: str, now: datetime) -> None:
    """The quarantine holds these refusals, and none of the `cleared` documents, when this returns."""
    rows = [_row(workspace, refusal, fingerprint, now) for refusal in refusals]
    frame = pl.DataFrame(rows, schema=Quarantined.create_empty().schema, orient="row")
    workspace.lake.quarantine.replace(frame, {*frame["document_id"], *cleared})


def note_listing(workspace: Workspace, source_id: str, refusals: Collection[Refusal], /, *, now: datetime) -> None:
    """As `note`, for one listing of a source: what it no longer complains of is struck off, what it did before stays as it is."""
    held = workspace.lake.quarantine.read().filter(pl.col("source_id") == source_id)
    before = {row["document_id"]: row for row in held.iter_rows(named=True) if row["fingerprint"] == OF_LISTING}
    new = [refusal for refusal in refusals if not _is_noted(refusal, before)]
    cleared = before.keys() - {refusal.document_id for refusal in refusals}
    if new or cleared:
        note(workspace, new, cleared, fingerprint=OF_LISTING, now=now)


def _is_noted(refusal: Refusal, before: dict[str, dict[str, object]]) -> bool:
    row = before.get(refusal.document_id, {})
    return (row.get("rule"), row.get("detail")) == (refusal.failure.rule, refusal.failure.detail)


def _row(workspace: Workspace, refusal: Refusal, fingerprint: str, now: datetime) -> dict[str, object]:
    return {
        "bucket": bucket(refusal.document_id, workspace.settings.stores.buckets),
        "document_id": refusal.document_id,
        "version_id": refusal.version_id or "0" * 32,
        "fingerprint": fingerprint,
        "source_id": refusal.source_id,
        "uri": refusal.uri,
        "rule": refusal.failure.rule,
        "detail": refusal.failure.detail,
        "remedy": refusal.failure.remedy,
        "at": now,
    }
