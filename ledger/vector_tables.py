"""The tables of the vector cache, and who may work with them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    literal,
    select,
    text,
)

from contracts.errors import KeyFileError, StoreUnavailable, WorkspaceVersionError
from contracts.ids import Identity
from ledger.database import asking, writing
from ledger.postgres import DEBTS, keep_no_samples, soil

_LAYOUT = 2
"""Of the tables below; raised whenever they, or what they mean, change. Older ones are emptied: all of it can be computed again."""

_tables = MetaData()
_meta = Table("meta", _tables, Column("layout", Integer, primary_key=True), Column("key_check", String, nullable=False))
VECTORS = Table(
    "vectors",
    _tables,
    Column("key", String, primary_key=True),
    Column("dimensions", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),
)
OWNERS = Table(
    "owner",
    _tables,
    Column("workspace", String, primary_key=True),
    Column("document_id", String, primary_key=True),
    Column("key", ForeignKey("vectors.key"), primary_key=True),
    Index("owner_by_key", "key", "workspace"),
    sqlite_with_rowid=False,
)
ASKED = Table(
    "asked",
    _tables,
    Column("workspace", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("asked", BigInteger, nullable=False),
    Column("had", BigInteger, nullable=False),
    Column("from_others", BigInteger, nullable=False),
    Column("last_on", String, nullable=False),
)
_FIRST_OWNERS = Table("owners", MetaData(), Column("document_id", String), Column("key", String))
"""Of the first layout, when a cache was one workspace's."""


@dataclass(frozen=True, slots=True)
class Sharer:
    """A workspace as a cache knows it, and the key by which it addresses texts there: its own, or one that others have too."""

    workspace: str
    """An opaque id."""
    addresses: Identity = field(repr=False)
    key_file: Path


def is_new(engine: Engine, /) -> bool:
    """Whether nobody has made these tables by any key yet."""
    with asking(engine) as connection:
        return not inspect(connection).has_table(_meta.name)


def prepare(engine: Engine, sharer: Sharer, /, *, carry_over: bool = False) -> None:
    """The tables are there, for those who have this key; with `carry_over` those of the first layout become this workspace's.

    Raises KeyFileError on another key than the cache was made with, WorkspaceVersionError on a later layout, and StoreUnavailable on a
    database of something else, before anything is changed.
    """
    with writing(engine) as connection:
        found = set(inspect(connection).get_table_names()) - set(DEBTS.tables)
        if strangers := found - {*_tables.tables, _FIRST_OWNERS.name}:
            names = ", ".join(sorted(strangers))
            raise StoreUnavailable(f"{place_of(engine)}: has tables of something else ({names}). Name another place with stores.vectors")
        if _meta.name in found and _is_current(connection, sharer):
            return
        is_first = found == {VECTORS.name, _FIRST_OWNERS.name}
        if not (carry_over and is_first):
            _drop(connection, found)
        _tables.create_all(connection)
        keep_no_samples(connection, _tables)
        if carry_over and is_first:
            _carry_over(connection, sharer.workspace)
        connection.execute(insert(_meta), {"layout": _LAYOUT, "key_check": _check(sharer)})
        if engine.dialect.name == "sqlite":  # by which the first layout was told: a ragkeep that knows no other empties this one
            connection.execute(text(f"PRAGMA user_version = {_LAYOUT}"))


def place_of(engine: Engine, /) -> str:
    """A file, or the address of a server without a password."""
    url = engine.url
    return str(url.database) if engine.dialect.name == "sqlite" else url.set(drivername="postgresql", password=None).render_as_string()


def _is_current(connection: Connection, sharer: Sharer) -> bool:
    layout, made_by = connection.execute(select(_meta.c.layout, _meta.c.key_check)).one()
    place = place_of(connection.engine)
    if layout > _LAYOUT:
        raise WorkspaceVersionError(f"{place}: the vector cache has layout {layout}, this ragkeep knows {_LAYOUT}. Update ragkeep")
    if made_by != _check(sharer):
        raise KeyFileError(
            f"{place}: the vector cache was made with another key than that of {sharer.key_file}. Put the key there that its sharers have, "
            "or name another cache with stores.vectors"
        )
    return bool(layout == _LAYOUT)


def _check(sharer: Sharer) -> str:
    return sharer.addresses.content("key of a vector cache")


def _drop(connection: Connection, found: Collection[str]) -> None:
    stale = MetaData()
    stale.reflect(connection, only=list(found))
    stale.drop_all(connection)
    if found:
        soil(connection)


def _carry_over(connection: Connection, workspace: str) -> None:
    first = _FIRST_OWNERS.c
    connection.execute(
        insert(OWNERS).from_select(["workspace", "document_id", "key"], select(literal(workspace), first.document_id, first.key))
    )
    _FIRST_OWNERS.drop(connection)
