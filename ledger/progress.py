"""Which documents have a finished silver output, and by which settings: a run resumes from here."""

from collections.abc import Collection
from datetime import datetime

import polars as pl
from sqlalchemy import BigInteger, Column, Engine, String, Table, select

from contracts.results import Forgotten
from ledger.columns import LEDGER, Moment
from ledger.database import batches, checkpoint, upsert, writing
from ledger.forgetting import count_rows, forget_rows

_OUTPUT = Table(
    "stage_output",
    LEDGER,
    Column("document_id", String(32), primary_key=True),
    Column("version_id", String(32), nullable=False),
    Column("fingerprint", String(32), nullable=False),
    Column("elements", BigInteger, nullable=False),
    Column("chunks", BigInteger, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("text_digest", String(32), nullable=True),
    sqlite_with_rowid=False,
)
_SCHEMA = {
    "document_id": pl.String,
    "version_id": pl.String,
    "fingerprint": pl.String,
    "elements": pl.Int64,
    "chunks": pl.Int64,
    "text_digest": pl.String,
}


class StageOutputs:
    """One row a document: the version and fingerprint whose elements and chunks are complete in the lake."""

    name = "progress"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def frame(self, document_ids: Collection[str] | None = None, /) -> pl.DataFrame:
        """document_id, version_id, fingerprint, elements, chunks, text_digest (null: too short to have one) of all documents or some."""
        every = select(*(_OUTPUT.c[column] for column in _SCHEMA))
        parts = [every] if document_ids is None else [every.where(_OUTPUT.c.document_id.in_(part)) for part in batches(set(document_ids))]
        with self._engine.connect() as connection:
            rows = [row for part in parts for row in connection.execute(part)]
        columns = zip(*rows, strict=True) if rows else ((),) * len(_SCHEMA)
        return pl.DataFrame([pl.Series(name, values, kind) for (name, kind), values in zip(_SCHEMA.items(), columns, strict=True)])

    def finish(self, outputs: pl.DataFrame, at: datetime, /) -> None:
        """These documents' outputs (columns of `frame`) are complete; each replaces the document's earlier one."""
        rows = [{**row, "finished_at": at} for row in outputs.select(*_SCHEMA).iter_rows(named=True)]
        if rows:
            with writing(self._engine) as connection:
                upsert(connection, _OUTPUT, rows)

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        return forget_rows(self._engine, _OUTPUT, self.name, document_ids)

    def count(self, document_ids: Collection[str], /) -> int:
        return count_rows(self._engine, _OUTPUT, document_ids)

    def purge(self) -> str:
        return "purged" if checkpoint(self._engine) else "pending"
