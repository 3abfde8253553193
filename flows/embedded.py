"""What is embedded of a row and the address of its vector in the cache, worked out in one place for all who ask."""

import polars as pl

from chunking.embedded import embedded_texts
from embeddings.identify import cache_key
from flows.workspace import Workspace


def keyed_texts(workspace: Workspace, rows: pl.DataFrame, /) -> list[tuple[str, str]]:
    """For each row (text, heading_path) the key of its vector and the text that the vector is made of, by the current settings."""
    identity, model = workspace.identity, workspace.model
    texts = embedded_texts(rows, workspace.settings.chunking, model.tokenizer)
    return [(cache_key(identity, model.identity, text), text) for text in texts]


def vector_keys(workspace: Workspace, rows: pl.DataFrame, /) -> list[str]:
    """For each row (text, heading_path) the key of its vector."""
    return [key for key, _ in keyed_texts(workspace, rows)]
