"""Vectors that nobody says any more, let go."""

from collections.abc import Collection

from embeddings.identify import cache_key
from flows.workspace import Workspace


def release(workspace: Workspace, document_ids: Collection[str], /) -> None:
    """These documents own only the vectors of what they still say. A withdrawn consent is no reason to embed again later.

    A text that went from one of them to another keeps its vector.
    """
    if not workspace.vectors.count(document_ids):
        return
    model, identity = workspace.model.identity, workspace.identity
    kept: dict[str, set[str]] = {document_id: set() for document_id in document_ids}
    for document_id, text in workspace.lake.chunks.read(document_ids, columns=["document_id", "text"]).iter_rows():
        kept[document_id].add(cache_key(identity, model, text))
    workspace.vectors.own((key, document_id) for document_id, keys in kept.items() for key in keys)
    workspace.vectors.retain(kept)
