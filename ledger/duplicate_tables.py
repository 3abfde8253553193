"""The tables of the duplicate index, and what they were made by."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Engine,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    select,
)

from ledger.database import writing
from ledger.postgres import keep_no_samples, soil

_LAYOUT = 2
"""Of the tables below; raised whenever they, or what they mean, change."""

_tables = MetaData()
_meta = Table("meta", _tables, Column("made_by", String, primary_key=True))
MEMBERS = Table(
    "member",
    _tables,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("text_key", String, nullable=False, unique=True),
    Column("number_key", BigInteger, nullable=False),
    Column("crowded", Boolean, nullable=False),
    Column("shingles", LargeBinary, nullable=False),
    Column("bands", LargeBinary, nullable=False),
)
BANDS = Table(
    "band",
    _tables,
    Column("hash", BigInteger, primary_key=True),
    Column("member", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
CROWDS = Table("crowd", _tables, Column("hash", BigInteger, primary_key=True, autoincrement=False), sqlite_with_rowid=False)
EDGES = Table(
    "edge",
    _tables,
    Column("a", Integer, primary_key=True),
    Column("b", Integer, primary_key=True),
    Column("jaccard", Float, nullable=False),
    Column("same_numbers", Boolean, nullable=False),
    Index("edge_by_b", "b"),
    sqlite_with_rowid=False,
)
OWNERS = Table(
    "owner",
    _tables,
    Column("document_id", String, primary_key=True),
    Column("member", Integer, primary_key=True),
    Index("owner_by_member", "member"),
    sqlite_with_rowid=False,
)


def prepare(engine: Engine, sketches: str, /) -> bool:
    """The tables are there, empty if they were of another layout or of other sketches; answers whether texts were dropped for it."""
    made_by = f"{_LAYOUT}:{sketches}"
    with writing(engine) as connection:
        found = set(inspect(connection).get_table_names()) & set(_tables.tables)
        if _meta.name in found and connection.execute(select(_meta.c.made_by)).scalar() == made_by:
            return False
        held = MEMBERS.name in found and bool(connection.execute(select(MEMBERS.c.id).limit(1)).first())
        _tables.drop_all(connection)
        _tables.create_all(connection)
        keep_no_samples(connection, _tables)
        if held:
            soil(connection)
        connection.execute(insert(_meta), {"made_by": made_by})
        return held
