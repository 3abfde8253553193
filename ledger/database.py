"""Opening a SQLite database that survives kill -9 and forgets what is deleted."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import DatabaseError

from contracts.errors import StoreUnavailable

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "busy_timeout=10000")


def open_sqlite(path: Path, /) -> Engine:
    """An engine on `path`, created if absent. Every commit is durable; deleted bytes are overwritten, and leave the file at `checkpoint`."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    try:
        with engine.connect():
            return engine
    except DatabaseError as error:
        raise StoreUnavailable(f"{path}: {error.orig}. Is the folder writable, and the file a ragkeep database?") from error


def checkpoint(engine: Engine, /) -> None:
    """Move the write-ahead log into the main file and empty it: only then are deleted bytes gone from disk."""
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
