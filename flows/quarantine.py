"""Documents that could not go on: noted with rule, detail and remedy, and struck off when they can."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from contracts.ids import bucket
from contracts.results import Failure
from contracts.tables import Quarantined
from flows.workspace import Workspace

OF_LISTING = "0" * 32
"""Fingerprint of what a listing complains of: each listing judges it anew. All else stands until the version or the settings change."""

_NO_VERSION = "0" * 32


@dataclass(frozen=True, slots=True)
class Refusal:
    """One document and why it stays out. `version_id` is None where no bytes were ever read."""

    document_id: str
    version_id: str | None
    source_id: str
    uri: str
    failure: Failure
    parent_id: str | None = None

    @classmethod
    def noted(cls, row: Mapping[str, Any]) -> "Refusal":
        """What a row of the quarantine says."""
        version_id = None if row["version_id"] == _NO_VERSION else row["version_id"]
        failure = Failure(*(row[name] for name in ("rule", "detail", "remedy")))
        return cls(row["document_id"], version_id, row["source_id"], row["uri"], failure, row["parent_id"])


def note(workspace: Workspace, refusals: Iterable[Refusal], cleared: Collection[str], /, *, fingerprint: str, now: datetime) -> None:
    """The quarantine holds these refusals, and none of the `cleared` documents, when this returns."""
    rows = [_row(workspace, refusal, fingerprint, now) for refusal in refusals]
    frame = pl.DataFrame(rows, schema=Quarantined.create_empty().schema, orient="row")
    workspace.lake.quarantine.replace(frame, {*frame["document_id"], *cleared})


def note_listing(
    workspace: Workspace, source_id: str, refusals: Collection[Refusal], versions: Mapping[str, str | None], /, *, now: datetime
) -> None:
    """As `note`, for one listing of a source; `versions` are those held of the documents that it lists.

    What it no longer complains of, and what was said of bytes that are no longer the document's, is struck off. The rest stays as it is.
    """
    held = workspace.lake.quarantine.read().filter(pl.col("source_id") == source_id)
    before = {row["document_id"]: row for row in held.iter_rows(named=True)}
    new = [refusal for refusal in refusals if not _is_noted(refusal, before.get(refusal.document_id, {}))]
    refused = {refusal.document_id for refusal in refusals}
    of_listing = {name for name, row in before.items() if row["fingerprint"] == OF_LISTING}
    outdated = {name for name, row in before.items() if versions.get(name, row["version_id"]) != row["version_id"]}
    cleared = (of_listing - refused) | (outdated - of_listing)
    if new or cleared:
        note(workspace, new, cleared, fingerprint=OF_LISTING, now=now)


def strike_off(workspace: Workspace, document_ids: Collection[str], /) -> None:
    """These documents can go on. What the listing of their source complains of stands until it no longer does."""
    held = workspace.lake.quarantine.read(document_ids, columns=["document_id", "fingerprint"])
    workspace.lake.quarantine.replace(Quarantined.create_empty(), held.filter(pl.col("fingerprint") != OF_LISTING)["document_id"].to_list())


def _is_noted(refusal: Refusal, row: dict[str, Any]) -> bool:
    """The same complaint, or one about the bytes that are held: two reasons would take turns for ever."""
    if row and row["fingerprint"] != OF_LISTING:
        return bool(row["version_id"] == refusal.version_id)
    return (row.get("rule"), row.get("detail")) == (refusal.failure.rule, refusal.failure.detail)


def _row(workspace: Workspace, refusal: Refusal, fingerprint: str, now: datetime) -> dict[str, object]:
    return {
        "bucket": bucket(refusal.document_id, workspace.settings.stores.buckets),
        "document_id": refusal.document_id,
        "version_id": refusal.version_id or _NO_VERSION,
        "fingerprint": fingerprint,
        "parent_id": refusal.parent_id,
        "source_id": refusal.source_id,
        "uri": refusal.uri,
        "rule": refusal.failure.rule,
        "detail": refusal.failure.detail,
        "remedy": refusal.failure.remedy,
        "at": now,
    }
