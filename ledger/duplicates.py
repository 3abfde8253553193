"""The duplicate index: which texts say nearly the same, found once, when a text first comes; and which documents own each text.

All of it is derived: an index made under other settings is emptied when it is opened, and the next run fills it again. A text leaves
with its last owner, bands and edges along with it, since sets of hashes are as personal as the texts that they were made from.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
)

from configs.faults import reach
from configs.settings import DedupSettings
from contracts.errors import UsageError
from contracts.results import Forgotten
from dedup.match import match
from dedup.sketch import sketch, sketch_fingerprint
from ledger.database import batches, checkpoint, insert_new, open_sqlite, writing

_LAYOUT = 1
"""Of the tables below; raised whenever they change."""

_TEXTS_AT_ONCE = 4_000
_MATES_AT_ONCE = 50_000
"""Stored texts that new ones are compared with at once: a tenth of a gigabyte of shingles."""

_tables = MetaData()
_meta = Table("meta", _tables, Column("made_by", String, primary_key=True))
_members = Table(
    "member",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("text_key", String, nullable=False, unique=True),
    Column("number_key", BigInteger, nullable=False),
    Column("shingles", LargeBinary, nullable=False),
    Column("bands", LargeBinary, nullable=False),
)
_bands = Table(
    "band",
    _tables,
    Column("hash", BigInteger, primary_key=True),
    Column("member", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
_edges = Table(
    "edge",
    _tables,
    Column("a", Integer, primary_key=True),
    Column("b", Integer, primary_key=True),
    Column("jaccard", Float, nullable=False),
    Column("same_numbers", Boolean, nullable=False),
    Index("edge_by_b", "b"),
    sqlite_with_rowid=False,
)
_owners = Table(
    "owner",
    _tables,
    Column("document_id", String, primary_key=True),
    Column("member", Integer, primary_key=True),
    Index("owner_by_member", "member"),
    sqlite_with_rowid=False,
)


class DuplicateIndex:
    """A DerivedCopy: the members (texts), their owners (documents) and the verified edges between members.

    The edges are a function of the members alone: in whatever batches and order texts came and went, they are those of one clean build.
    Every write is a transaction a batch, and every method may be repeated.
    """

    name = "duplicate index"

    def __init__(self, path: Path, how: DedupSettings, /) -> None:
        self._how = how
        self._engine = open_sqlite(path)
        self.emptied = _prepare(self._engine, f"{_LAYOUT}:{sketch_fingerprint(how)}")
        """Whether texts were dropped because they had been compared under other settings."""

    def missing(self, text_keys: Iterable[str], /) -> set[str]:
        """Those of the texts that are not members yet."""
        wanted = set(text_keys)
        with self._engine.connect() as connection:
            return wanted - set(_members_by_key(connection, wanted))

    def replace(self, texts: pl.DataFrame, document_ids: Collection[str], /) -> None:
        """Leave these documents the owners of exactly the texts (text_key, document_id, text) given, which are compared if they are new.

        `text` is the normalised text that the key was made of, so that what is kept of it is a function of the key.
        """
        self.add(texts)
        self.own(texts, document_ids)

    def add(self, texts: pl.DataFrame, /) -> int:
        """Make new texts (text_key, document_id, text) members, and their documents owners; answers how many were new."""
        distinct = texts.select("text_key", "text").unique("text_key", keep="first").sort("text_key")
        before = self.size()
        for batch in distinct.iter_slices(_TEXTS_AT_ONCE):
            with writing(self._engine) as connection:
                _join(connection, batch, self._how)
                _add_owners(connection, texts.select("text_key", "document_id").join(batch, on="text_key", how="semi"))
                reach("duplicates.add")
        return self.size() - before

    def own(self, owners: pl.DataFrame, document_ids: Collection[str], /) -> int:
        """Leave each of these documents the owner of exactly its texts in `owners` (text_key, document_id); answers how many members left.

        Raises UsageError on a text that is not a member; then nothing has changed.
        """
        wanted = owners.select("document_id", "text_key").unique().filter(pl.col("document_id").is_in(list(document_ids)))
        with writing(self._engine) as connection:
            present = _owned(connection, document_ids)
            _add_owners(connection, wanted.join(present, on=["document_id", "text_key"], how="anti"))
            gone = present.join(wanted, on=["document_id", "text_key"], how="anti")
            _each(connection, _DISOWN, gone.select(of_document="document_id", of_member="member"))
            return _drop_orphans(connection, gone["member"].unique().to_list())

    def edges(self, text_keys: Iterable[str] | None = None, /) -> pl.DataFrame:
        """Verified pairs (a, b, jaccard, same_numbers) of text keys, a < b, sorted: all, or those with at least one end in `text_keys`."""
        one, other = _members.alias("one"), _members.alias("other")
        joined = _edges.join(one, one.c.id == _edges.c.a).join(other, other.c.id == _edges.c.b)
        every = select(one.c.text_key, other.c.text_key, _edges.c.jaccard, _edges.c.same_numbers).select_from(joined)
        with self._engine.connect() as connection:
            if text_keys is None:
                rows = [tuple(row) for row in connection.execute(every)]
            else:
                wanted = list(set(text_keys))
                parts = [every.where(_among(end.c.text_key, wanted)) for end in (one, other)]
                rows = [tuple(row) for part in parts for row in connection.execute(part)]
        found = pl.DataFrame(rows, {"x": pl.String, "y": pl.String, "jaccard": pl.Float64, "same_numbers": pl.Boolean}, orient="row")
        ends = [pl.min_horizontal("x", "y").alias("a"), pl.max_horizontal("x", "y").alias("b")]
        return found.select(*ends, "jaccard", "same_numbers").unique().sort("a", "b")

    def owners(self, text_keys: Iterable[str], /) -> set[str]:
        """The documents that say any of these texts."""
        query = select(_owners.c.document_id).join(_members, _members.c.id == _owners.c.member).distinct()
        with self._engine.connect() as connection:
            return set(connection.execute(query.where(_among(_members.c.text_key, list(set(text_keys))))).scalars())

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        """End the ownership of these documents, and every member that nobody else owns; `shared` counts those that others do."""
        with writing(self._engine) as connection:
            members = _owned(connection, document_ids)["member"].unique().to_list()
            connection.execute(delete(_owners).where(_among(_owners.c.document_id, list(document_ids))))
            dropped = _drop_orphans(connection, members)
        return Forgotten(copy=self.name, before=len(members), after=self.count(document_ids), shared=len(members) - dropped)

    def count(self, document_ids: Collection[str], /) -> int:
        """How many members these documents own."""
        with self._engine.connect() as connection:
            return _owned(connection, document_ids)["member"].n_unique()

    def size(self) -> int:
        """How many members there are."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(_members)).scalar_one()

    def purge(self) -> str:
        """Overwrite what was forgotten, in the file and its log. `pending` while somebody still reads the log."""
        return "purged" if checkpoint(self._engine) else "pending"

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


_DISOWN = delete(_owners).where(_owners.c.document_id == bindparam("of_document"), _owners.c.member == bindparam("of_member"))
_UNBAND = delete(_bands).where(_bands.c.hash == bindparam("of_hash"), _bands.c.member == bindparam("of_member"))


def _prepare(engine: Any, made_by: str) -> bool:
    with writing(engine) as connection:
        found = MetaData()
        found.reflect(connection)
        if "meta" in found.tables and connection.execute(select(_meta.c.made_by)).scalar() == made_by:
            return False
        held = "member" in found.tables and bool(connection.execute(select(_members.c.id).limit(1)).first())
        found.drop_all(connection)
        _tables.create_all(connection)
        connection.execute(insert(_meta), {"made_by": made_by})
        return held


def _join(connection: Connection, texts: pl.DataFrame, how: DedupSettings) -> None:
    """Members, bands and edges of those texts that are new."""
    fresh = texts.filter(~pl.col("text_key").is_in(list(_members_by_key(connection, texts["text_key"]))))
    if fresh.is_empty():
        return
    last: int = connection.execute(select(func.coalesce(func.max(_members.c.id), 0))).scalar_one()
    numbered = pl.int_range(last + 1, last + 1 + fresh.height, eager=True).alias("member")
    new = pl.concat([fresh.select("text_key"), sketch(fresh["text"], how).with_columns(numbered)], how="horizontal")
    bands = new.select("member", pl.col("bands").alias("band")).explode("band").drop_nulls()
    _each(connection, insert(_edges), match(new, how.threshold))
    for mates in _mates(connection, bands["band"]):
        both = pl.concat([mates, new.select(mates.columns)])
        _each(connection, insert(_edges), match(both, how.threshold, since=last + 1).filter(pl.col("b") <= last))
    blobs = {"shingles": _blobs(new["shingles"]), "bands": _blobs(new["bands"])}
    _each(connection, insert(_members), new.select("text_key", "number_key", id="member").with_columns(**blobs))
    _each(connection, insert(_bands), bands.select("member", hash="band").sort("hash"))


def _add_owners(connection: Connection, owners: pl.DataFrame) -> None:
    ids = _members_by_key(connection, owners["text_key"])
    if unknown := set(owners["text_key"]) - set(ids):
        raise UsageError(f"duplicate index: {len(unknown)} texts are owned but are not members. Add those that `missing` names first.")
    rows = [{"document_id": document_id, "member": ids[key]} for document_id, key in owners.select("document_id", "text_key").iter_rows()]
    insert_new(connection, _owners, rows)


def _drop_orphans(connection: Connection, members: Sequence[int]) -> int:
    """Of these members, those without owner go, with their bands and edges."""
    unowned = select(_members.c.id, _members.c.bands).where(~exists().where(_owners.c.member == _members.c.id))
    dropped = 0
    for part in batches(members):
        gone = {row.id: np.frombuffer(row.bands, "<i8") for row in connection.execute(unowned.where(_members.c.id.in_(part)))}
        hashes = [{"of_hash": int(value), "of_member": member} for member, values in gone.items() for value in values]
        if hashes:
            connection.execute(_UNBAND, hashes)
        for column in (_edges.c.a, _edges.c.b, _members.c.id):
            connection.execute(delete(column.table).where(column.in_(list(gone))))
        dropped += len(gone)
    return dropped


def _members_by_key(connection: Connection, text_keys: Iterable[str]) -> dict[str, int]:
    wanted = select(_members.c.text_key, _members.c.id)
    return {key: member for key, member in connection.execute(wanted.where(_among(_members.c.text_key, list(set(text_keys)))))}


def _owned(connection: Connection, document_ids: Iterable[str]) -> pl.DataFrame:
    wanted = select(_owners.c.document_id, _members.c.text_key, _owners.c.member).join(_members, _members.c.id == _owners.c.member)
    rows = [tuple(row) for row in connection.execute(wanted.where(_among(_owners.c.document_id, list(set(document_ids)))))]
    return pl.DataFrame(rows, {"document_id": pl.String, "text_key": pl.String, "member": pl.Int64}, orient="row")


def _mates(connection: Connection, hashes: pl.Series) -> Iterator[pl.DataFrame]:
    """The members that have any of these bands, in blocks that fit memory: member, number_key, shingles, and those of the bands."""
    wanted = select(_bands.c.member, _bands.c.hash)
    rows = [tuple(row) for row in connection.execute(wanted.where(_among(_bands.c.hash, hashes.unique().sort().to_list())))]
    shared = pl.DataFrame(rows, {"member": pl.Int64, "bands": pl.Int64}, orient="row").group_by("member").agg("bands").sort("member")
    for block in shared.iter_slices(_MATES_AT_ONCE):
        yield _stored_texts(connection, block["member"]).join(block, on="member").sort("member")


def _stored_texts(connection: Connection, members: pl.Series) -> pl.DataFrame:
    wanted = select(_members.c.id, _members.c.number_key, _members.c.shingles)
    rows = connection.execute(wanted.where(_among(_members.c.id, members.to_list()))).all()
    sets = [np.frombuffer(row.shingles, "<u8") for row in rows]
    kept = {"member": [row.id for row in rows], "number_key": [row.number_key for row in rows], "shingles": sets}
    return pl.DataFrame(kept, {"member": pl.Int64, "number_key": pl.Int64, "shingles": pl.List(pl.UInt64)})


def _blobs(lists: pl.Series) -> pl.Series:
    """Little-endian 64-bit integers, one blob a list."""
    values = lists.explode(empty_as_null=False).to_numpy()
    ends = lists.list.len().cast(pl.Int64).cum_sum()
    starts = ends.shift(1, fill_value=0)
    return pl.Series([values[start:end].astype(values.dtype.newbyteorder("<")).tobytes() for start, end in zip(starts, ends, strict=True)])


def _each(connection: Connection, statement: Any, rows: pl.DataFrame) -> None:
    """The statement for each row, without the care that SQLAlchemy takes of each value: a batch has a hundred thousand rows of numbers."""
    if not rows.is_empty():
        compiled = statement.compile(connection.engine, column_keys=rows.columns)
        connection.exec_driver_sql(str(compiled), rows.select(compiled.positiontup).rows())


def _among(column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether a column is one of the values, however many they are."""
    return column.in_(select(func.json_each(json.dumps(values)).table_valued("value").c.value))
