"""What is embedded of a row, the address of its vector in the cache, and the vector, worked out in one place for all who ask."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

import numpy as np
import polars as pl

from chunking.embedded import embedded_texts
from configs.faults import reach
from contracts.ports import Vectors
from contracts.results import Applied
from embeddings.identify import cache_key
from flows.ahead import ahead
from flows.send import check_may_be_sent, note_texts
from flows.workspace import Workspace

_BATCH_ROWS = 256


def keyed_texts(workspace: Workspace, rows: pl.DataFrame, /) -> list[tuple[str, str]]:
    """For each row (text, heading_path) the key of its vector and the text that the vector is made of, by the current settings."""
    identity, model = workspace.identity, workspace.model
    texts = embedded_texts(rows, workspace.settings.chunking, model.tokenizer)
    return [(cache_key(identity, model.identity, text), text) for text in texts]


def vector_keys(workspace: Workspace, rows: pl.DataFrame, /) -> list[str]:
    """For each row (text, heading_path) the key of its vector."""
    return [key for key, _ in keyed_texts(workspace, rows)]


def embed(workspace: Workspace, rows: pl.DataFrame, /, *, now: datetime) -> tuple[Vectors, Applied]:
    """Vectors in the rows' order, and what was embedded for them; the model is loaded only for what the cache lacks.

    What goes to another machine is checked against the policy and stands in the audit before it goes.
    """
    keyed = keyed_texts(workspace, rows)
    keys = [key for key, _ in keyed]
    owners = list(zip(keys, rows["document_id"], strict=True))
    found = workspace.vectors.get(keys)
    missing = {key: text for key, text in keyed if key not in found}
    if missing:
        check_may_be_sent(workspace, rows)
        note_texts(workspace, workspace.model, {document for key, document in owners if key in missing}, len(missing), now=now)
        vectors = workspace.model.embedder.embed_documents(list(missing.values()))
        workspace.vectors.put(list(missing), vectors, [owner for owner in owners if owner[0] in missing])
        found |= dict(zip(missing, vectors, strict=True))
        reach("sync.embedded")
    workspace.vectors.own(owner for owner in owners if owner[0] not in missing)
    hits, tokens = len(keys) - len(missing), sum(workspace.model.tokenizer.count(list(missing.values())))
    return np.stack([found[key] for key in keys]), Applied(embedded=len(keys) - hits, cache_hits=hits, tokens=tokens)


def embedded_batches(
    workspace: Workspace, upserts: pl.DataFrame, sequence: int, /, *, now: datetime
) -> Iterator[tuple[pl.DataFrame, Vectors, Applied]]:
    """Gold's rows of these (chunk_id, document_id), their vectors, and what was embedded for them; the next are embedded meanwhile.

    It ends where something was suppressed since `sequence`.
    """
    for made in ahead(partial(_embed_batch, workspace, now=now), upserts.iter_slices(_BATCH_ROWS)):
        if workspace.suppressions.sequence() != sequence:
            return
        yield made


def _embed_batch(workspace: Workspace, batch: pl.DataFrame, /, *, now: datetime) -> tuple[pl.DataFrame, Vectors, Applied]:
    gold = workspace.lake.rows.read(batch["document_id"].unique().to_list())
    rows = gold.join(batch.select("chunk_id"), on="chunk_id", how="semi")
    vectors, embedded = embed(workspace, rows, now=now)
    return rows, vectors, embedded + Applied(upserted=rows.height)
