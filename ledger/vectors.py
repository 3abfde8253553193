"""Vectors by content: what was embedded once is not embedded again, for as long as some document still says it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    exists,
    func,
    select,
    text,
)

from contracts.errors import ContractError
from contracts.ports import Vectors
from contracts.results import Forgotten
from ledger.database import batches, checkpoint, insert_new, open_sqlite, upsert, writing

_VERSION = 1
"""Of the tables below; a file of another version is emptied, since all of it can be computed again."""

_UNIT_TOLERANCE = 1e-3

_tables = MetaData()
_vectors = Table(
    "vectors",
    _tables,
    Column("key", String, primary_key=True),
    Column("dimensions", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
)
_owners = Table(
    "owners",
    _tables,
    Column("document_id", String, primary_key=True),
    Column("key", ForeignKey("vectors.key"), primary_key=True),
    Index("owners_by_key", "key"),
    sqlite_with_rowid=False,
)

Owner = tuple[str, str]
"""(key, document_id)"""


class VectorCache:
    """A DerivedCopy: key → vector, each entry owned by the documents that say its text; the last owner takes the entry along.

    Keys are `embeddings.identify.cache_key`: model and text, keyed. Every method that writes is one transaction. The first vector written
    under a key stays, so a text keeps its vector to the bit; one that rotted on disk counts as absent and is replaced.
    """

    name = "vector cache"

    def __init__(self, path: Path, /) -> None:
        self._engine = open_sqlite(path)
        with self._engine.begin() as connection:
            if connection.execute(text("PRAGMA user_version")).scalar_one() != _VERSION:
                stale = MetaData()
                stale.reflect(connection)
                stale.drop_all(connection)
                connection.execute(text(f"PRAGMA user_version = {_VERSION}"))
            _tables.create_all(connection)

    def get(self, keys: Iterable[str], /) -> dict[str, npt.NDArray[np.float32]]:
        """The vectors of those keys that are here and sound."""
        with self._engine.connect() as connection:
            return _read(connection, keys)

    def put(self, keys: Sequence[str], vectors: Vectors, owners: Iterable[Owner], /) -> None:
        """Add vectors, one a key, with their owners.

        Raises ContractError on a vector that is not finite and of unit length, and on a key without an owner.
        """
        owners = list(owners)
        rows = np.ascontiguousarray(vectors, dtype="<f4")
        if rows.ndim != 2 or len(rows) != len(keys) or not _sound(rows).all():
            raise ContractError(
                f"vector cache: {len(keys)} keys want as many finite vectors of unit length, got an array of shape {rows.shape}"
            )
        if orphans := set(keys) - {key for key, _ in owners}:
            raise ContractError(f"vector cache: {len(orphans)} of {len(keys)} keys have no owner, so no erasure would ever reach them")
        with writing(self._engine) as connection:
            kept = _read(connection, keys)
            named = zip(keys, rows, strict=True)
            new = [{"key": key, "dimensions": rows.shape[1], "vector": row.tobytes()} for key, row in named if key not in kept]
            upsert(connection, _vectors, new)
            _own(connection, owners)

    def own(self, owners: Iterable[Owner], /) -> None:
        """Add owners to entries that are here; an entry that was forgotten meanwhile stays forgotten."""
        with writing(self._engine) as connection:
            _own(connection, owners)

    def retain(self, kept: Mapping[str, Collection[str]], /) -> int:
        """Leave each document given only the keys given with it, of whatever model, and drop entries without owner; answers how many."""
        with writing(self._engine) as connection:
            dropped: dict[str, list[str]] = {}
            for document_id, key in _owned(connection, kept):
                if key not in kept[document_id]:
                    dropped.setdefault(document_id, []).append(key)
            for document_id, keys in dropped.items():
                for part in batches(keys):
                    connection.execute(delete(_owners).where(_owners.c.document_id == document_id, _owners.c.key.in_(part)))
            return _drop_orphans(connection, {key for keys in dropped.values() for key in keys})

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        """End the ownership of these documents, and every entry that nobody else owns; `shared` counts those that others do."""
        with writing(self._engine) as connection:
            keys = {key for _, key in _owned(connection, document_ids)}
            for part in batches(document_ids):
                connection.execute(delete(_owners).where(_owners.c.document_id.in_(part)))
            dropped = _drop_orphans(connection, keys)
        return Forgotten(copy=self.name, before=len(keys), after=self.count(document_ids), shared=len(keys) - dropped)

    def count(self, document_ids: Collection[str], /) -> int:
        """How many entries these documents own."""
        with self._engine.connect() as connection:
            return len({key for _, key in _owned(connection, document_ids)})

    def size(self) -> int:
        """How many vectors there are."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(_vectors)).scalar_one()

    def purge(self) -> str:
        """Overwrite what was forgotten, in the file and its log. `pending` while another process still reads the log."""
        return "purged" if checkpoint(self._engine) else "pending"

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _read(connection: Connection, keys: Iterable[str]) -> dict[str, npt.NDArray[np.float32]]:
    found: dict[str, npt.NDArray[np.float32]] = {}
    for part in batches(keys):
        by_dimensions: dict[int, list[tuple[str, bytes]]] = {}
        for key, dimensions, blob in connection.execute(select(_vectors).where(_vectors.c.key.in_(part))):
            if isinstance(blob, bytes) and len(blob) == 4 * dimensions > 0:
                by_dimensions.setdefault(dimensions, []).append((key, blob))
        for dimensions, entries in by_dimensions.items():
            rows = np.frombuffer(b"".join(blob for _, blob in entries), dtype="<f4").reshape(-1, dimensions)
            found.update((key, row) for (key, _), row, sound in zip(entries, rows, _sound(rows), strict=True) if sound)
    return found


def _sound(rows: Vectors) -> npt.NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.abs(np.linalg.norm(rows, axis=1) - 1) < _UNIT_TOLERANCE)


def _own(connection: Connection, owners: Iterable[Owner]) -> None:
    pairs = [{"key": key, "document_id": document_id} for key, document_id in owners]
    here = {
        key
        for part in batches(pair["key"] for pair in pairs)
        for key in connection.execute(select(_vectors.c.key).where(_vectors.c.key.in_(part))).scalars()
    }
    insert_new(connection, _owners, [pair for pair in pairs if pair["key"] in here])


def _owned(connection: Connection, document_ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    for part in batches(document_ids):
        rows = connection.execute(select(_owners.c.document_id, _owners.c.key).where(_owners.c.document_id.in_(part)))
        yield from ((document_id, key) for document_id, key in rows)


def _drop_orphans(connection: Connection, keys: Iterable[str]) -> int:
    owned = exists().where(_owners.c.key == _vectors.c.key)
    return sum(connection.execute(delete(_vectors).where(_vectors.c.key.in_(part), ~owned)).rowcount for part in batches(keys))
