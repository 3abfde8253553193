"""Vectors by content: what was embedded once is not embedded again, for as long as some document still says it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Engine, ScalarSelect, delete, distinct, func, select

from configs.faults import reach
from contracts.errors import ContractError
from contracts.ports import Vectors
from contracts.results import Forgotten
from ledger.asked import Asked, note_asked
from ledger.database import asking, batches, checkpoint, insert_new, sqlite_files, upsert, writing
from ledger.postgres import purge_schema, soil
from ledger.vector_tables import OWNERS, VECTORS, Sharer, place_of, prepare

_UNIT_TOLERANCE = 1e-3
_DOCUMENTS_AT_ONCE = 500
"""That are forgotten in one transaction: other workspaces wait for it to write."""

Owner = tuple[str, str]
"""(key, document_id)"""


class VectorCache:
    """A DerivedCopy: key → vector, each entry owned by the documents that say its text; the last owner takes the entry along.

    Keys are `embeddings.identify.cache_key`: model and text, keyed. Where workspaces share a cache each has its own documents, whatever
    their ids, and finds everybody's vectors: an entry stays until no document of any of them owns it. Every method that writes is one
    transaction, `forget` one for some hundred documents, and may be repeated. The first vector written under a key stays, so a text keeps
    its vector to the bit; one that rotted on disk counts as absent and is replaced.
    """

    name = "vector cache"

    def __init__(self, engine: Engine, sharer: Sharer, /, *, frees_after: float | None = None, carry_over: bool = False) -> None:
        """In SQLite, or in a schema of PostgreSQL that has caches alone: `frees_after` is as `purge_schema` says, all else as `prepare`."""
        self.engine, self.sharer, self._frees_after = engine, sharer, frees_after
        self._ours = OWNERS.c.workspace == sharer.workspace
        prepare(engine, sharer, carry_over=carry_over)

    def get(self, keys: Iterable[str], /) -> dict[str, npt.NDArray[np.float32]]:
        """The vectors of those keys that are here and sound."""
        with asking(self.engine) as connection:
            return _read(connection, keys)

    def take(self, owners: Iterable[Owner], /, *, model: str, on: date) -> dict[str, npt.NDArray[np.float32]]:
        """As `get`, and what is found has these owners from now on; how much was asked for and found is added to the model's counts."""
        owners = list(owners)
        keys = {key for key, _ in owners}
        with writing(self.engine) as connection:
            found = _read(connection, keys)
            lent = found.keys() - _owned_keys(connection, found, self._ours)
            note_asked(connection, self.sharer.workspace, Asked(model, len(keys), len(found), len(lent), on))
            self._own(connection, [owner for owner in owners if owner[0] in found])
        return found

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
        with writing(self.engine) as connection:
            kept = _read(connection, keys)
            named = zip(keys, rows, strict=True)
            new = [{"key": key, "dimensions": rows.shape[1], "vector": row.tobytes()} for key, row in named if key not in kept]
            upsert(connection, VECTORS, new)
            reach("vectors.put")
            self._own(connection, owners)

    def own(self, owners: Iterable[Owner], /) -> None:
        """Add owners to entries that this workspace owns: what was forgotten stays forgotten, what it never asked for is not its own."""
        owners = list(owners)
        with writing(self.engine) as connection:
            ours = _owned_keys(connection, {key for key, _ in owners}, self._ours)
            self._own(connection, [owner for owner in owners if owner[0] in ours])

    def retain(self, kept: Mapping[str, Collection[str]], /) -> int:
        """Leave each document given only the keys given with it, of whatever model, and drop entries without owner; answers how many."""
        with writing(self.engine) as connection:
            dropped: dict[str, list[str]] = {}
            for document_id, key in self._owned(connection, kept):
                if key not in kept[document_id]:
                    dropped.setdefault(document_id, []).append(key)
            if dropped:
                soil(connection)
            for document_id, keys in dropped.items():
                for part in batches(keys):
                    connection.execute(delete(OWNERS).where(self._ours, OWNERS.c.document_id == document_id, OWNERS.c.key.in_(part)))
            return _drop_orphans(connection, {key for keys in dropped.values() for key in keys})

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        """End the ownership of these documents, and every entry that nobody else owns; `shared` counts those that others do.

        Others are documents of this workspace and of those that share the cache.
        """
        keys, dropped = set[str](), 0
        for part in batches(document_ids, _DOCUMENTS_AT_ONCE):
            with writing(self.engine) as connection:
                if owned := {key for _, key in self._owned(connection, part)}:
                    soil(connection)
                    connection.execute(delete(OWNERS).where(self._ours, OWNERS.c.document_id.in_(part)))
                    dropped += _drop_orphans(connection, owned)
                    keys |= owned
        return Forgotten(copy=self.name, before=len(keys), after=self.count(document_ids), shared=len(keys) - dropped)

    def count(self, document_ids: Collection[str], /) -> int:
        """How many entries these documents own."""
        with asking(self.engine) as connection:
            return len({key for _, key in self._owned(connection, document_ids)})

    def size(self) -> int:
        """How many vectors this workspace owns."""
        with asking(self.engine) as connection:
            return connection.execute(select(func.count(distinct(OWNERS.c.key))).where(self._ours)).scalar_one()

    def kept_by_others(self, keys: Iterable[str], /) -> set[str]:
        """Those of the keys that another workspace owns: no erasure in this one takes them."""
        with asking(self.engine) as connection:
            return _owned_keys(connection, keys, ~self._ours)

    def purge(self) -> str:
        """Overwrite what was forgotten. `pending` while somebody still reads SQLite's log, or PostgreSQL may not have let go of its own."""
        if self.engine.dialect.name == "postgresql":
            return purge_schema(self.engine, self._frees_after)
        return "purged" if checkpoint(self.engine) else "pending"

    def files(self) -> tuple[Path, ...]:
        """The files that hold it, SQLite's log among them; none where it lies on a server."""
        if self.engine.dialect.name == "postgresql":
            return ()
        return tuple(path for path in sqlite_files(Path(place_of(self.engine)).resolve()) if path.exists())

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def _own(self, connection: Connection, owners: Iterable[Owner]) -> None:
        workspace = self.sharer.workspace
        insert_new(connection, OWNERS, [{"workspace": workspace, "key": key, "document_id": document_id} for key, document_id in owners])

    def _owned(self, connection: Connection, document_ids: Iterable[str]) -> Iterator[Owner]:
        for part in batches(document_ids):
            rows = connection.execute(select(OWNERS.c.document_id, OWNERS.c.key).where(self._ours, OWNERS.c.document_id.in_(part)))
            yield from ((document_id, key) for document_id, key in rows)


def _read(connection: Connection, keys: Iterable[str]) -> dict[str, npt.NDArray[np.float32]]:
    found: dict[str, npt.NDArray[np.float32]] = {}
    for part in batches(keys):
        by_dimensions: dict[int, list[tuple[str, bytes]]] = {}
        for key, dimensions, blob in connection.execute(select(VECTORS).where(VECTORS.c.key.in_(part))):
            if isinstance(blob, bytes) and len(blob) == 4 * dimensions > 0:
                by_dimensions.setdefault(dimensions, []).append((key, blob))
        for dimensions, entries in by_dimensions.items():
            rows = np.frombuffer(b"".join(blob for _, blob in entries), dtype="<f4").reshape(-1, dimensions)
            found.update((key, row) for (key, _), row, sound in zip(entries, rows, _sound(rows), strict=True) if sound)
    return found


def _sound(rows: Vectors) -> npt.NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.abs(np.linalg.norm(rows, axis=1) - 1) < _UNIT_TOLERANCE)


def _owned_keys(connection: Connection, keys: Iterable[str], by: ColumnElement[bool]) -> set[str]:
    parts = (select(VECTORS.c.key).where(VECTORS.c.key.in_(part), _owner_of(by).is_not(None)) for part in batches(keys))
    return {key for part in parts for key in connection.execute(part).scalars()}


def _drop_orphans(connection: Connection, keys: Iterable[str]) -> int:
    parts = (delete(VECTORS).where(VECTORS.c.key.in_(part), _owner_of().is_(None)) for part in batches(keys))
    return sum(connection.execute(part).rowcount for part in parts)


def _owner_of(*which: ColumnElement[bool]) -> ScalarSelect[str | None]:
    """Some workspace that owns the vector of the row. Asked row by row: a server that keeps no statistics would join with all owners."""
    return select(func.min(OWNERS.c.workspace)).where(OWNERS.c.key == VECTORS.c.key, *which).scalar_subquery()
