"""Opening a SQLite database that survives kill -9 and forgets what is deleted, and the few ways in which the ledger reads and writes."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from sqlalchemy import ColumnElement, Connection, Engine, Table, cast, create_engine, event, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from contracts.errors import StoreUnavailable

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "foreign_keys=ON", "busy_timeout=10000")
_INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_IN_LIST = 500

T = TypeVar("T")


def open_sqlite(path: Path, /) -> Engine:
    """An engine on `path`, created if absent, readable by its owner alone.

    Every commit is durable; deleted bytes are overwritten, and leave the file at `checkpoint`.
    """
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: Any) -> None:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        record.info["file"] = _file(str(path))

    try:
        path.touch(mode=0o600)
        with engine.connect():
            return engine
    except (DatabaseError, OSError) as error:
        engine.dispose()
        reason = error.orig if isinstance(error, DatabaseError) else error.strerror
        raise StoreUnavailable(f"{path}: {reason}. Is the folder writable, and the file a ragkeep database?") from error


def sqlite_files(path: Path, /) -> tuple[Path, ...]:
    """The files that a database may have: itself, its log, and what its processes share."""
    return (path, *(path.with_name(f"{path.name}-{part}") for part in ("wal", "shm")))


def checkpoint(engine: Engine, /) -> bool:
    """Move the write-ahead log into the main file and empty it: only then are deleted bytes gone from disk.

    False if a reader was in the way.
    """
    with engine.connect() as connection:
        return not connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).scalar_one()


@contextmanager
def writing(engine: Engine, /) -> Iterator[Connection]:
    """A transaction that holds the write lock from its first statement, so what it reads is still true when it writes."""
    with _reached(engine), engine.begin() as connection:
        _must_be_the_file(connection)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(select(func.pg_advisory_xact_lock(connection.info["lock"])))
        yield connection


@contextmanager
def asking(engine: Engine, /) -> Iterator[Connection]:
    """A connection to read by, for whoever must not go on without an answer."""
    with _reached(engine), engine.connect() as connection:
        _must_be_the_file(connection)
        yield connection


@contextmanager
def _reached(engine: Engine) -> Iterator[None]:
    """A database that is locked, damaged or not there is StoreUnavailable; what it refuses for a reason of its own stays as it is."""
    try:
        yield
    except DatabaseError as error:
        if not (isinstance(error, OperationalError) or type(error) is DatabaseError):
            raise
        remedy = "another process using it, the disk full, or the file damaged" if engine.dialect.name == "sqlite" else "the server up"
        raise StoreUnavailable(f"{engine.url.database}: {str(error.orig).strip()}. Is {remedy}?") from error


def _must_be_the_file(connection: Connection) -> None:
    """A process goes on reading and writing a file that was removed or replaced under it, and would know of nothing that others do."""
    if "file" in connection.info and connection.info["file"] != _file(connection.engine.url.database):
        database = connection.engine.url.database
        raise StoreUnavailable(f"{database}: was removed or replaced while it was open. Put it back, end this command and start it again")


def _file(path: str | None) -> tuple[int, int] | None:
    try:
        found = os.stat(path or "")
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], /) -> None:
    """Every row stands in the table, in place of the one that had its primary key."""
    if not rows:
        return
    insert = _INSERTS[connection.dialect.name](table)
    changes = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    connection.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes), rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], /) -> None:
    """Rows whose key is already there leave the table as it is."""
    if rows:
        connection.execute(_INSERTS[connection.dialect.name](table).on_conflict_do_nothing(), rows)


def each(connection: Connection, statement: Any, rows: pl.DataFrame, /) -> None:
    """The statement for each row, without SQLAlchemy's care of each value: a batch may have a hundred thousand rows of numbers."""
    if rows.is_empty():
        return
    compiled = statement.compile(connection.engine, column_keys=rows.columns)
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(str(compiled), rows.select(compiled.positiontup).rows())
    elif compiled.isinsert:
        copying = f'COPY "{statement.table.name}" ({", ".join(rows.columns)}) FROM STDIN'
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(copying) as copy:
            for row in rows.iter_rows():
                copy.write_row(row)
    else:
        connection.execute(statement, rows.to_dicts())


class _Listed(FunctionElement[Any]):
    """The values of a JSON array as rows, under the name `value`."""

    inherit_cache = True


@compiles(_Listed, "sqlite")
def _listed_by_sqlite(listed: _Listed, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(listed.clauses, **options)})"


@compiles(_Listed, "postgresql")
def _listed_by_postgres(listed: _Listed, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(listed.clauses, **options)} AS JSON))"


def among(column: ColumnElement[Any], values: Sequence[Any], /) -> ColumnElement[bool]:
    """Whether a column is one of the values, however many they are."""
    listed = _Listed(literal(json.dumps(values))).table_valued("value")
    return column.in_(select(cast(listed.c.value, column.type)))


def batches(items: Iterable[T], /, size: int = _IN_LIST) -> Iterator[list[T]]:
    """All items in order, in lists short enough for an SQL `IN`."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
