"""What was erased and is here again: an older copy of the workspace, or of a part of it, was put in its place."""

import polars as pl

from contracts.ports import DerivedCopy
from flows.workspace import Workspace


def find_returned(workspace: Workspace, /, *, everywhere: bool = False) -> set[str]:
    """Documents that are refused for ever and yet held, and that no open erasure is about.

    What the manifest or the record of progress knows is found at little cost; `everywhere` asks every copy. Bytes or a text that were
    erased count too: a run that was under way may have finished them in another document.
    """
    suppressed = workspace.suppressions.all()
    if not suppressed.sequence:
        return set()
    # Asked after the suppressions, each of which was written after its request.
    open_requests = {document_id for request in workspace.requests.unfinished() for document_id in (*request.documents, *request.redacted)}
    held = set(workspace.lake.manifest.read(columns=["document_id"])["document_id"]) & suppressed.documents
    refused = {"document_id": suppressed.documents, "version_id": suppressed.versions, "text_digest": suppressed.texts}
    is_refused = pl.any_horizontal(pl.col(column).is_in(list(keys)) for column, keys in refused.items())
    held.update(workspace.outputs.frame().filter(is_refused)["document_id"])
    if everywhere:
        for copy in workspace.copies:
            held.update(_held(copy, sorted(suppressed.documents)))
    return held - open_requests


def _held(copy: DerivedCopy, document_ids: list[str]) -> list[str]:
    """Those of the documents that the copy holds, found by halves: mostly it holds none."""
    if not document_ids or not copy.count(document_ids):
        return []
    if len(document_ids) == 1:
        return document_ids
    middle = len(document_ids) // 2
    return _held(copy, document_ids[:middle]) + _held(copy, document_ids[middle:])
