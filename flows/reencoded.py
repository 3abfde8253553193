"""Documents whose words were erased, though their bytes are new: refused before any of it is kept."""

from collections.abc import Collection
from datetime import datetime

import polars as pl

from contracts.results import Failure
from flows.quarantine import Refusal, note
from flows.workspace import Workspace

OF_ERASURE = "f" * 32
"""Fingerprint of a refusal that no change of the settings lifts."""

REENCODED = Failure(
    "erasure.reencoded",
    "its whole text was erased, and came back in other bytes",
    "Take the file away. If it has to be kept, change what it says: only another text is another document.",
)


def refuse_reencoded(workspace: Workspace, rows: pl.DataFrame, /, *, now: datetime) -> None:
    """These rows of the manifest stand in the quarantine, and no copy holds anything of the documents but the manifest itself."""
    if rows.is_empty():
        return
    refusals = [
        Refusal(document_id, version_id, source_id, uri, REENCODED)
        for document_id, version_id, source_id, uri in rows.select("document_id", "version_id", "source_id", "uri").iter_rows()
    ]
    note(workspace, refusals, (), fingerprint=OF_ERASURE, now=now)
    _forget(workspace, rows["document_id"].to_list())


def finish_refusals(workspace: Workspace, /) -> None:
    """What a killed run refused, and had not let go of yet, is let go of."""
    refused = set(refused_for_ever(workspace)["document_id"])
    if workspace.blobs.count(refused):
        _forget(workspace, refused)


def refused_for_ever(workspace: Workspace, /) -> pl.DataFrame:
    """document_id and version_id of what was refused so: not to be tried again, whatever the settings."""
    noted = workspace.lake.quarantine.read(columns=["document_id", "version_id", "fingerprint"])
    return noted.filter(pl.col("fingerprint") == OF_ERASURE).drop("fingerprint")


def _forget(workspace: Workspace, document_ids: Collection[str]) -> None:
    """The blobs go last, for they tell that something is left to do."""
    keeps = (workspace.lake.manifest.name, workspace.lake.quarantine.name)
    copies = sorted(workspace.copies, key=lambda copy: copy.name == workspace.blobs.name)
    for copy in copies:
        if copy.name not in keeps:
            copy.forget(document_ids)
