"""Vectors that nobody says any more, let go."""

from collections.abc import Collection

from flows.embedded import vector_keys
from flows.workspace import Workspace
from ledger.database import batches

_OWNERS_AT_ONCE = 10_000
_DOCUMENTS_AT_ONCE = 500


def release(workspace: Workspace, document_ids: Collection[str], /) -> None:
    """These documents own only the vectors of what they still say. A withdrawn consent is no reason to embed again later.

    A text that went from one of them to another keeps its vector.
    """
    if not workspace.vectors.count(document_ids):
        return
    rows = workspace.lake.chunks.read(document_ids, columns=["document_id", "text", "heading_path"])
    kept: dict[str, set[str]] = {document_id: set() for document_id in document_ids}
    for document_id, key in zip(rows["document_id"], vector_keys(workspace, rows), strict=True):
        kept[document_id].add(key)
    # In parts, since workspaces that share the cache wait for each; all are owned before the first is let go.
    for owners in batches(((key, document_id) for document_id, keys in kept.items() for key in keys), _OWNERS_AT_ONCE):
        workspace.vectors.own(owners)
    for documents in batches(kept.items(), _DOCUMENTS_AT_ONCE):
        workspace.vectors.retain(dict(documents))
