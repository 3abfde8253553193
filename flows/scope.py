"""How far a deletion reaches: beyond the documents that leave, to every chunk whose standing may change because they do."""

from collections.abc import Collection
from dataclasses import dataclass

from flows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Scope:
    """What has to be decided anew when some documents leave. Whatever is outside of it stands as it did."""

    leaving: frozenset[str] = frozenset()
    documents: frozenset[str] | None = None
    """Those that leave, and all that hold a text of `texts`; None: all there are."""
    texts: frozenset[str] | None = None
    """Keys of the texts that leave, and of all that are tied to them, however many lie between; None: all there are."""


EVERYTHING = Scope()


def touched_by(workspace: Workspace, document_ids: Collection[str], /) -> Scope:
    """The scope of these documents' leaving; EVERYTHING where the duplicate index does not know all of their texts."""
    leaving = set(workspace.lake.chunks.read(document_ids, columns=["text_key"])["text_key"])
    if workspace.duplicates.missing(leaving):
        return EVERYTHING
    texts = workspace.duplicates.tied(leaving)
    return Scope(frozenset(document_ids), frozenset(document_ids) | workspace.duplicates.owners(texts), frozenset(texts))
