"""PRESENT: what the vector store has acknowledged, and the batch that is on its way to it."""

from collections.abc import Collection, Sequence

import polars as pl
from sqlalchemy import Column, Connection, Engine, Index, String, Table, delete, func, select, update

from configs.faults import reach
from contracts.results import Forgotten
from ledger.columns import LEDGER
from ledger.database import batches, checkpoint, upsert, writing
from ledger.forgetting import count_rows, forget_rows

_PRESENT = Table(
    "present",
    LEDGER,
    Column("chunk_id", String(32), primary_key=True),
    Column("document_id", String(32), nullable=False),
    Column("row_hash", String(64), nullable=False),
    Column("vector_digest", String, nullable=False),
    Column("run_id", String(16), nullable=False),
    Index("present_by_document", "document_id"),
    sqlite_with_rowid=False,
)
_META = Table(
    "present_meta",
    LEDGER,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)
_INTENT = Table(
    "intent",
    LEDGER,
    Column("chunk_id", String(32), primary_key=True),
    Column("action", String, nullable=False),
    sqlite_with_rowid=False,
)
_COLUMNS = ("chunk_id", "document_id", "row_hash", "vector_digest")


class Present:
    """Rows that the store holds as far as we know. An open intent, another collection or row count means: read back, then `replace`."""

    name = "present"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def frame(self, document_ids: Collection[str] | None = None, /) -> pl.DataFrame:
        """chunk_id, document_id, row_hash, vector_digest of all rows, or of those of some documents."""
        every = select(*(_PRESENT.c[column] for column in _COLUMNS))
        parts = [every] if document_ids is None else [every.where(_PRESENT.c.document_id.in_(part)) for part in batches(set(document_ids))]
        with self._engine.connect() as connection:
            rows = [row for part in parts for row in connection.execute(part)]
        columns = zip(*rows, strict=True) if rows else ((),) * len(_COLUMNS)
        return pl.DataFrame([pl.Series(name, values, pl.String) for name, values in zip(_COLUMNS, columns, strict=True)])

    def row(self, chunk_id: str, /) -> dict[str, str] | None:
        """One row of `frame` with the `run_id` that wrote it, None if the store does not hold the chunk."""
        with self._engine.connect() as connection:
            found = connection.execute(select(_PRESENT).where(_PRESENT.c.chunk_id == chunk_id)).one_or_none()
        return dict(found._mapping) if found else None

    def count(self, document_ids: Collection[str] | None = None, /) -> int:
        """Rows of some documents, or all rows."""
        if document_ids is not None:
            return count_rows(self._engine, _PRESENT, document_ids)
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(_PRESENT)).scalar_one()

    def collection(self) -> str | None:
        """The collection that the rows are in, None before the first acknowledgement."""
        with self._engine.connect() as connection:
            return connection.execute(select(_META.c.value).where(_META.c.key == "collection")).scalar_one_or_none()

    def open_intent(self) -> bool:
        """Whether a batch was sent and never acknowledged: the store may hold all of it, some or none."""
        with self._engine.connect() as connection:
            return connection.execute(select(_META.c.key).where(_META.c.key == "intent")).first() is not None

    def intent(self) -> pl.DataFrame:
        """chunk_id and action (`upsert` or `delete`) of the open intent."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_INTENT.c.chunk_id, _INTENT.c.action).order_by(_INTENT.c.chunk_id)).all()
        return pl.DataFrame(rows, schema={"chunk_id": pl.String, "action": pl.String}, orient="row")

    def intend(self, collection: str, upserts: Sequence[str], deletes: Sequence[str], /) -> None:
        """These chunks are about to be written to and deleted from the collection; an intent that is still open grows."""
        rows = [{"chunk_id": chunk, "action": "delete"} for chunk in deletes] + [
            {"chunk_id": chunk, "action": "upsert"} for chunk in upserts
        ]
        with writing(self._engine) as connection:
            upsert(connection, _INTENT, rows)
            upsert(connection, _META, [{"key": "intent", "value": collection}])

    def acknowledge(self, rows: pl.DataFrame, deleted: Sequence[str], run_id: str, /) -> None:
        """The store has taken the intended batch: `rows` (columns of `frame`) are there, `deleted` are not, no intent is open."""
        with writing(self._engine) as connection:
            collection = connection.execute(select(_META.c.value).where(_META.c.key == "intent")).scalar_one_or_none()
            if collection is None:
                raise LookupError("nothing was intended: call `intend` before the store is touched")
            for batch in batches(deleted):
                connection.execute(delete(_PRESENT).where(_PRESENT.c.chunk_id.in_(batch)))
            _write(connection, rows, run_id)
            _settle(connection, collection)
            reach("present.acknowledge")

    def replace(self, rows: pl.DataFrame, collection: str, run_id: str, /) -> None:
        """The store was read back: it holds exactly these rows, no intent is open."""
        with writing(self._engine) as connection:
            connection.execute(delete(_PRESENT))
            _write(connection, rows, run_id)
            _settle(connection, collection)

    def follow(self, before: str, after: str, /) -> None:
        """The rows moved, all alike, from one collection to another. Does nothing where they were not in `before`, or an intent is open."""
        with writing(self._engine) as connection:
            open_intent = connection.execute(select(_META.c.key).where(_META.c.key == "intent")).first()
            if not open_intent:
                here = (_META.c.key == "collection") & (_META.c.value == before)
                connection.execute(update(_META).where(here).values(value=after))

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        return forget_rows(self._engine, _PRESENT, self.name, document_ids)

    def purge(self) -> str:
        return "purged" if checkpoint(self._engine) else "pending"


def _write(connection: Connection, rows: pl.DataFrame, run_id: str) -> None:
    upsert(connection, _PRESENT, rows.select(*_COLUMNS, run_id=pl.lit(run_id)).to_dicts())


def _settle(connection: Connection, collection: str) -> None:
    connection.execute(delete(_INTENT))
    connection.execute(delete(_META))
    connection.execute(_META.insert().values(key="collection", value=collection))
