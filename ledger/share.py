"""The vector cache as the settings name it: the workspace's own, or one that it shares with others by a key that all of them have."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Engine

from configs.stores import StoreSettings
from contracts.ids import Identity
from ledger.cachekey import read_cache_key
from ledger.database import open_sqlite, sqlite_files
from ledger.postgres import open_postgres
from ledger.vector_tables import Sharer, is_new
from ledger.vectors import VectorCache

_SCHEMA = "ragkeep_vectors"
"""Of a server: the one cache that is shared in a database. Those that are not shared have a name of their own each."""


def open_cache(stores: StoreSettings, root: Path, alone: Sharer, /, *, base: Path) -> VectorCache:
    """The cache of the workspace in `root`, which is `alone` where it shares none; `base` is where relative paths of the settings start.

    The key of a cache that is shared is made with the cache. Raises StoreUnavailable, KeyFileError or WorkspaceVersionError.
    """
    key_file = _key_file(stores, base)
    engine = _open_database(stores, root, base, schema=_SCHEMA if key_file else f"{_SCHEMA}_{alone.workspace}")
    try:
        sharer = alone
        if key_file:
            sharer = replace(alone, addresses=Identity(read_cache_key(key_file, make=is_new(engine))), key_file=key_file)
        return VectorCache(engine, sharer, frees_after=stores.postgres_frees_after, carry_over=stores.vectors is None)
    except Exception:
        engine.dispose()
        raise


def files_of_sharers(stores: StoreSettings, base: Path, /) -> tuple[Path, ...]:
    """What of a cache that is shared lies in files, its key and SQLite's log among them: no documents, wherever a source lies."""
    key_file = _key_file(stores, base)
    keys = (key_file,) if key_file else ()
    return (*sqlite_files(base / stores.vectors_file), *keys) if stores.vectors_file else keys


def _open_database(stores: StoreSettings, root: Path, base: Path, *, schema: str) -> Engine:
    if stores.vectors is None:
        return open_sqlite(root / "vectors.sqlite")
    return open_sqlite(base / stores.vectors_file) if stores.vectors_file else open_postgres(stores.vectors, schema)


def _key_file(stores: StoreSettings, base: Path) -> Path | None:
    if stores.vectors_key_file:
        return base / stores.vectors_key_file.expanduser()
    return base / stores.vectors_file.with_name(f"{stores.vectors_file.name}.key") if stores.vectors_file else None
