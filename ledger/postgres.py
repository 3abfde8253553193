"""A schema of a PostgreSQL server as a database of its own, and what the server still owes of bytes that were deleted there.

Deleting a row marks it; its bytes stay in the table's file until the table is written anew, and in the server's log until that goes.
Of the first this module takes care. The second only who runs the server knows: `purge_schema` owes until so many seconds have passed.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Engine, MetaData, Table, create_engine, delete, event, func, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from contracts.errors import StoreUnavailable
from ledger.database import asking, insert_new

DEBTS = MetaData()
"""Beside the tables of whoever opens a schema."""
_DEBT = Table("debt", DEBTS, Column("since", BigInteger, primary_key=True, autoincrement=False))
"""Seconds since 1970 by the server's clock at which tables had been written anew; _SOILED: rows left since that was done."""
_SOILED = 0


def open_postgres(url: str, schema: str, /) -> Engine:
    """An engine whose tables are those of this schema, which is made if it is not there. Nothing else of the database is touched."""
    address = make_url(url).set(drivername="postgresql+psycopg")
    options = " ".join((*_listed(address.query.get("options", ())), f"-csearch_path={schema}"))
    place = address.set(drivername="postgresql", password=None).render_as_string()
    try:
        engine = create_engine(address, connect_args={"options": options, "application_name": "ragkeep"})
    except ModuleNotFoundError as error:
        raise StoreUnavailable(f"{place}: {error}. Install it with: pip install 'psycopg[binary]'") from error
    lock = int.from_bytes(hashlib.sha256(schema.encode()).digest()[:8], "big", signed=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: Any) -> None:  # noqa: ARG001
        record.info["lock"] = lock

    try:
        with engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(lock)))  # two that make the same schema at once would both fail
            connection.execute(CreateSchema(schema, if_not_exists=True))
            DEBTS.create_all(connection)
        return engine
    except DBAPIError as error:
        engine.dispose()
        reason = str(error.orig).strip().replace("\n", " ")
        raise StoreUnavailable(f"{place}: {reason}. Is the server up, and may this user make a schema in the database?") from error


def _listed(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def soil(connection: Connection, /) -> None:
    """Rows leave in this transaction, whose bytes are owed from now on. No matter where nothing is owed: in SQLite."""
    if connection.dialect.name == "postgresql":
        insert_new(connection, _DEBT, [{"since": _SOILED}])


def keep_no_samples(connection: Connection, tables: MetaData, /) -> None:
    """The server keeps no values of these tables in its statistics, from where nothing that is done to the tables would remove them."""
    if connection.dialect.name == "postgresql":
        for table in tables.sorted_tables:
            silent = ", ".join(f'ALTER COLUMN "{column.name}" SET STATISTICS 0' for column in table.columns)
            connection.execute(text(f'ALTER TABLE "{table.name}" {silent}'))


def purge_schema(engine: Engine, frees_after: float | None, /) -> str:
    """`purged`: no file of the server holds a byte of what was deleted, if its log lets go of it within `frees_after` seconds.

    Else `pending`, as after any deletion where `frees_after` is None: nobody knows. Tables from which rows have left are written anew.
    """
    with asking(engine) as connection, _nobody_else_writes(connection.execution_options(isolation_level="AUTOCOMMIT")):
        soiled = connection.execute(select(_DEBT.c.since).where(_DEBT.c.since == _SOILED)).first()
        for name in inspect(connection).get_table_names() if soiled else ():
            connection.execute(text(f'VACUUM FULL "{name}"'))
        with suppress(DBAPIError):  # not everybody may ask for one, and the server makes them by itself
            connection.execute(text("CHECKPOINT"))
        now: int = connection.execute(select(func.floor(func.extract("epoch", func.clock_timestamp())))).scalar_one()
        if soiled:
            insert_new(connection, _DEBT, [{"since": int(now)}])  # before the other goes, for a kill may come between them
            connection.execute(delete(_DEBT).where(_DEBT.c.since == _SOILED))
        if frees_after is not None:
            connection.execute(delete(_DEBT).where(_DEBT.c.since + frees_after <= now))
        return "pending" if connection.execute(select(_DEBT.c.since).limit(1)).first() else "purged"


@contextmanager
def _nobody_else_writes(connection: Connection) -> Iterator[None]:
    """What leaves while tables are written anew would else count as freed with them."""
    lock = connection.info["lock"]
    connection.execute(select(func.pg_advisory_lock(lock)))
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.execute(select(func.pg_advisory_unlock(lock)))
