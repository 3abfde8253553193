"""The duplicate index: which texts say nearly the same, found once, when a text first comes; and which documents own each text.

All of it is derived: an index made under other settings is emptied when it is opened, and the next run fills it again. A text leaves
with its last owner, bands and edges along with it, since sets of hashes are as personal as the texts that they were made from.
"""

from collections.abc import Collection, Iterable

import polars as pl
from sqlalchemy import Connection, Engine, bindparam, delete, func, select

from configs.faults import reach
from configs.settings import DedupSettings
from contracts.errors import UsageError
from contracts.results import Forgotten
from dedup.sketch import sketch_fingerprint
from ledger.database import among, asking, checkpoint, each, insert_new, writing
from ledger.duplicate_members import crowded_members, drop_orphans, join, members_by_key, paired, read_texts, tied
from ledger.duplicate_tables import EDGES, MEMBERS, OWNERS, prepare
from ledger.postgres import purge_schema, soil

_TEXTS_AT_ONCE = 4_000


class DuplicateIndex:
    """A DerivedCopy: the members (texts), their owners (documents) and the verified edges between members.

    `edges` and those that `dedup.resolve` finds in `crowd` are together a function of the members alone: in whatever batches and order
    texts came and went, what is decided is what one clean build decides. The cost follows the texts, however many are near to each other.
    Every write is a transaction a batch, and every method may be repeated.
    """

    name = "duplicate index"

    def __init__(self, engine: Engine, how: DedupSettings, /, *, frees_after: float | None = None) -> None:
        """In SQLite, or in a schema of PostgreSQL that has this index alone; `frees_after` is as `purge_schema` says."""
        self._how, self._engine, self._frees_after = how, engine, frees_after
        self.emptied = prepare(self._engine, sketch_fingerprint(how))
        """Whether texts were dropped because they had been compared under other settings."""

    def missing(self, text_keys: Iterable[str], /) -> set[str]:
        """Those of the texts that are not members yet."""
        wanted = set(text_keys)
        with asking(self._engine) as connection:
            return wanted - set(members_by_key(connection, wanted))

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
                join(connection, batch, self._how)
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
            if not gone.is_empty():
                soil(connection)
            each(connection, _DISOWN, gone.select(of_document="document_id", of_member="member"))
            return drop_orphans(connection, gone["member"].unique().to_list())

    def edges(self, text_keys: Iterable[str] | None = None, /) -> pl.DataFrame:
        """Verified pairs (a, b, jaccard, same_numbers) of text keys, a < b, sorted: all, or those with at least one end in `text_keys`.

        Pairs of two texts of a crowd are left out, but for some that were found before there was one.
        """
        one, other = MEMBERS.alias("one"), MEMBERS.alias("other")
        joined = EDGES.join(one, one.c.id == EDGES.c.a).join(other, other.c.id == EDGES.c.b)
        every = select(one.c.text_key, other.c.text_key, EDGES.c.jaccard, EDGES.c.same_numbers).select_from(joined)
        with asking(self._engine) as connection:
            if text_keys is None:
                rows = [tuple(row) for row in connection.execute(every)]
            else:
                wanted = list(set(text_keys))
                parts = [every.where(among(end.c.text_key, wanted)) for end in (one, other)]
                rows = [tuple(row) for part in parts for row in connection.execute(part)]
        found = pl.DataFrame(rows, {"x": pl.String, "y": pl.String, "jaccard": pl.Float64, "same_numbers": pl.Boolean}, orient="row")
        ends = [pl.min_horizontal("x", "y").alias("a"), pl.max_horizontal("x", "y").alias("b")]
        return found.select(*ends, "jaccard", "same_numbers").unique().sort("a", "b")

    def crowd(self, text_keys: Iterable[str] | None = None, /) -> pl.DataFrame:
        """text_key, number_key, shingles and bands of texts in crowds, and of all that are tied to them by edges: all, or those of some."""
        with asking(self._engine) as connection:
            known = None if text_keys is None else members_by_key(connection, text_keys).values()
            texts = read_texts(connection, paired(connection, crowded_members(connection, known)))
        return texts.select("text_key", "number_key", "shingles", "bands")

    def tied(self, text_keys: Iterable[str], /) -> set[str]:
        """These texts and all that edges and crowds lead to from them, however many lie between: what a change of theirs may touch."""
        with asking(self._engine) as connection:
            members = tied(connection, members_by_key(connection, text_keys).values())
            return set(connection.execute(select(MEMBERS.c.text_key).where(among(MEMBERS.c.id, list(members)))).scalars())

    def owners(self, text_keys: Iterable[str], /) -> set[str]:
        """The documents that say any of these texts."""
        query = select(OWNERS.c.document_id).join(MEMBERS, MEMBERS.c.id == OWNERS.c.member).distinct()
        with asking(self._engine) as connection:
            return set(connection.execute(query.where(among(MEMBERS.c.text_key, list(set(text_keys))))).scalars())

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        """End the ownership of these documents, and every member that nobody else owns; `shared` counts those that others do."""
        with writing(self._engine) as connection:
            members = _owned(connection, document_ids)["member"].unique().to_list()
            if members:
                soil(connection)
            connection.execute(delete(OWNERS).where(among(OWNERS.c.document_id, list(document_ids))))
            dropped = drop_orphans(connection, members)
        return Forgotten(copy=self.name, before=len(members), after=self.count(document_ids), shared=len(members) - dropped)

    def count(self, document_ids: Collection[str], /) -> int:
        """How many members these documents own."""
        with asking(self._engine) as connection:
            return _owned(connection, document_ids)["member"].n_unique()

    def size(self) -> int:
        """How many members there are."""
        with asking(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(MEMBERS)).scalar_one()

    def purge(self) -> str:
        """Overwrite what was forgotten. `pending` while somebody still reads SQLite's log, or PostgreSQL may not have let go of its own."""
        if self._engine.dialect.name == "postgresql":
            return purge_schema(self._engine, self._frees_after)
        return "purged" if checkpoint(self._engine) else "pending"

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


_DISOWN = delete(OWNERS).where(OWNERS.c.document_id == bindparam("of_document"), OWNERS.c.member == bindparam("of_member"))


def _add_owners(connection: Connection, owners: pl.DataFrame) -> None:
    ids = members_by_key(connection, owners["text_key"])
    if unknown := set(owners["text_key"]) - set(ids):
        raise UsageError(f"duplicate index: {len(unknown)} texts are owned but are not members. Add those that `missing` names first.")
    rows = [{"document_id": document_id, "member": ids[key]} for document_id, key in owners.select("document_id", "text_key").iter_rows()]
    insert_new(connection, OWNERS, rows)


def _owned(connection: Connection, document_ids: Iterable[str]) -> pl.DataFrame:
    wanted = select(OWNERS.c.document_id, MEMBERS.c.text_key, OWNERS.c.member).join(MEMBERS, MEMBERS.c.id == OWNERS.c.member)
    rows = [tuple(row) for row in connection.execute(wanted.where(among(OWNERS.c.document_id, list(set(document_ids)))))]
    return pl.DataFrame(rows, {"document_id": pl.String, "text_key": pl.String, "member": pl.Int64}, orient="row")
