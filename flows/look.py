"""One look at a source: what was known of its documents before, and what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from configs.faults import reach
from contracts.errors import DocumentUnavailable, Vanished
from contracts.ports import Listed, Source
from contracts.results import Failure
from contracts.tables import Manifest
from flows.family import Families
from flows.quarantine import Refusal
from flows.workspace import Workspace
from ledger.suppressions import Suppressed

UNREAD = ""
"""A `stat` that no listing has: the bytes are read again, and stored again, at the next opportunity."""

Row = dict[str, Any]
"""A row of the manifest."""

UNREDACTED: Row = {"original_version_id": None, "redacted": [], "redaction": None}


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of each document of one listing, those within its files too. A document that is in none of the sets is as it was."""

    listed: dict[str, str | None] = field(default_factory=dict)
    """document_id → version_id of what is held, None where nothing is."""
    added: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    """Refused for ever: the document or its bytes were erased."""
    refusals: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Look:
    """What is known before a source is read, and what has been found so far."""

    workspace: Workspace
    source: Source
    now: datetime
    suppressed: Suppressed
    known: Mapping[str, Row]
    noted: Mapping[str, Row]
    """What the quarantine holds of this source."""
    families: Families
    unpacking: str
    """Fingerprint of how documents are taken out of files now."""
    done: Refreshed = field(default_factory=Refreshed)
    opened: set[str] = field(default_factory=set)
    """Files whose bytes were taken anew, and with them whatever lies in them."""

    def content(self, listed: Listed, row: Row, /) -> bytes | None:
        """A file's bytes; None where they cannot be had, which is noted with its reason."""
        limit = self.workspace.settings.parsing.max_file_mb
        try:
            if listed.size <= limit * 1_000_000:
                return self.source.read(listed.uri)
            failure = Failure(
                "file.too_large", f"{listed.size / 1e6:.0f} MB, more than {limit} MB", "Split the file, or raise parsing.max_file_mb."
            )
        except Vanished:
            self.done.listed.pop(row["document_id"])
            return None
        except DocumentUnavailable as unavailable:
            failure = unavailable.failure
        self.refuse(row, failure)
        return None

    def refuse(self, row: Row, failure: Failure, /) -> None:
        """Note why a document stays out, or stays as it is held."""
        self.done.refusals.append(
            Refusal(row["document_id"], row["version_id"], row["source_id"], row["uri"], failure, parent_id=row["parent_id"])
        )

    def renew(self, row: Row, version_id: str, /, *, size: int, stat: str, unpacked: str | None) -> Row:
        """The document's row once these bytes of it are held."""
        self.done.listed[row["document_id"]] = version_id
        read = row | UNREDACTED | {"version_id": version_id, "size": size, "stat": stat, "unpacked": unpacked}
        if version_id != row["version_id"]:
            read["observed_at"] = self.now
            (self.done.changed if row["version_id"] else self.done.added).add(row["document_id"])
        return read

    def drop_superseded(self, rows: list[Row], /) -> None:
        """Of a changed document the bytes of this version stay, and those of the version that was last finished, which is still served."""
        versions = {row["document_id"]: {row["version_id"]} for row in rows if row["document_id"] in self.done.changed}
        if versions:
            for document_id, version_id in self.workspace.outputs.frame().select("document_id", "version_id").iter_rows():
                versions.get(document_id, set()).add(version_id)
            for document_id, kept in versions.items():
                self.workspace.blobs.keep_only(document_id, kept)


def write_rows(workspace: Workspace, rows: list[Row], /) -> None:
    """The manifest holds these rows when this returns."""
    if rows:
        frame = pl.DataFrame(rows, schema=Manifest.create_empty().schema, orient="row")
        workspace.lake.manifest.replace(frame, frame["document_id"].to_list())
        reach("refresh.manifest")
