"""Needles: a sample of what an erasure has to make vanish, gathered while it is still there, to be looked for afterwards."""

import json
from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from flows.embedded import vector_keys
from flows.workspace import Workspace
from governance.mentions import find_mentions
from governance.redact import stated_mentions
from ledger.requests import Request

_CHUNKS = 200
_CHARACTERS = 60
_AROUND = 20
"""Characters before and after a mention."""
_SHORTEST = 17
"""What is shorter may well stand elsewhere for another reason."""


@dataclass(frozen=True, slots=True)
class Needles:
    """What must be nowhere once documents are erased."""

    ids: tuple[bytes, ...] = ()
    """Of chunks: the ledger may name them."""
    traces: tuple[bytes, ...] = ()
    """Vectors, and pieces of text that no other document has."""
    documents: frozenset[str] = frozenset()
    """The documents that they were gathered of."""

    def of(self, request: Request) -> int:
        """How many texts and vectors of a request's documents are sought; 0 where they were gathered of others, or not at all."""
        return len(self.traces) if self.documents.issuperset((*request.documents, *request.redacted)) else 0


def gather_needles(workspace: Workspace, document_ids: Collection[str], /, *, redacted: Collection[str] = (), person: str = "") -> Needles:
    """Of documents that go, chunks by their beginnings; of those that stay without a person, the places that name the person.

    What another document says too is no needle, nor is a vector that another workspace keeps.
    """
    chunks = workspace.lake.chunks.read()
    goes, stays = (pl.col("document_id").is_in(list(ids)) for ids in (document_ids, redacted))
    whole = chunks.filter(goes & _said_by_no_other(chunks.filter(~goes))).head(_CHUNKS)
    others = chunks.filter(~goes & ~stays)
    naming = _naming(workspace, chunks.filter(stays & _said_by_no_other(others)), redacted, person).head(_CHUNKS)
    beginnings = whole["text"].str.strip_chars().str.slice(0, _CHARACTERS)
    texts = [*_in_no_other(beginnings, chunks.filter(~goes)), *_in_no_other(naming["piece"], others)]
    keys = set(vector_keys(workspace, pl.concat(chunk.select("text", "heading_path") for chunk in (whole, naming))))
    vectors = [vector.tobytes() for vector in workspace.vectors.get(keys - workspace.vectors.kept_by_others(keys)).values()]
    ids = tuple(name.encode() for name in (*whole["chunk_id"], *naming["chunk_id"]))
    return Needles(ids, (*(text.encode() for text in texts), *vectors), frozenset((*document_ids, *redacted)))


def _said_by_no_other(others: pl.DataFrame) -> pl.Expr:
    return ~pl.col("text_key").is_in(others["text_key"].unique().to_list())


def _in_no_other(pieces: pl.Series, others: pl.DataFrame) -> list[str]:
    kept = "\0".join(others["text"])
    return [piece for piece in pieces if len(piece) >= _SHORTEST and piece not in kept]


def _naming(workspace: Workspace, chunks: pl.DataFrame, document_ids: Collection[str], person: str) -> pl.DataFrame:
    """chunk_id, text, heading_path, piece of those chunks that name the person, a row a place."""
    terms = workspace.lake.manifest.read(document_ids, columns=["document_id", "terms"]).iter_rows()
    mentions = {document_id: stated_mentions(json.loads(stated or "{}"), person) for document_id, stated in terms}
    rows = [
        (chunk_id, text, heading_path, text[max(0, span.start - _AROUND) : span.end + _AROUND].strip())
        for chunk_id, document_id, text, heading_path in chunks.select("chunk_id", "document_id", "text", "heading_path").iter_rows()
        for span in find_mentions(text, mentions.get(document_id, frozenset()), workspace.identity)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(("chunk_id", "text", "heading_path", "piece"), pl.String()), orient="row")
