"""The index in Milvus: Milvus Lite in a folder, or a server by its address. One collection, always spoken to through its alias."""

import re
import secrets
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from configs.faults import reach
from contracts.errors import SettingsError
from contracts.ports import StoreState, VectorQuery, Vectors
from contracts.results import Forgotten
from vectorstore.collection import SPARSE, has_bm25, made_for, make_collection, said_of
from vectorstore.connection import SECONDS, connect, disconnect, is_server, says_absent, shown, speaking
from vectorstore.debts import OWED, SOILED, carry_debts, drop_collection, is_in_debt, mark, read_debts
from vectorstore.filters import one_of
from vectorstore.messages import read_pages, slices, to_messages
from vectorstore.nearest import find_nearest
from vectorstore.rewrite import copy_rows, holds_dead_rows, sweep_leftovers
from vectorstore.rows import HIT_LIMIT, HIT_SCHEMA, check_ids, check_query, check_rows


@dataclass(frozen=True, slots=True)
class _Collection:
    name: str
    said: str
    bm25: bool


def open_milvus(
    uri: str, alias: str, dimensions: int, model: str, *, token: str | None = None, frees_after: float | None = None
) -> "MilvusStore":
    """A connected store. `uri` is an address or a folder ending in `.db`; `model` is the fingerprint of the model.

    `frees_after` is for servers: the seconds after which the bytes of a dropped collection are gone, as whoever runs the server knows it.
    Nothing is created before the first upsert. Raises StoreUnavailable, WorkspaceLocked or SettingsError.
    """
    return MilvusStore(connect(uri, token=token), uri, alias, dimensions, model, frees_after)


@dataclass(frozen=True, slots=True)
class MilvusStore:
    """A VectorStore and a DerivedCopy. Reads are strongly consistent; what was acknowledged survives kill -9."""

    client: Any = field(repr=False)
    uri: str = field(repr=False)
    alias: str
    dimensions: int
    model: str
    frees_after: float | None = None
    _known: dict[str, _Collection] = field(default_factory=dict, repr=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """A search that comes while another loads the collection would be refused."""
    _soiled: set[str] = field(default_factory=set, repr=False)
    """Collections of a server that are marked already."""
    _changing: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held by whoever writes or deletes: a row that is deleted while rows are copied must not come back with the copy."""

    @property
    def name(self) -> str:
        return "index"

    def state(self) -> StoreState:
        """An empty name and no rows before the first upsert."""
        with speaking(self.uri, "counting rows"):
            held = self._held()
            return StoreState(held.name, self._count("")) if held else StoreState("", 0)

    def collection(self) -> str:
        """What `state` names, without counting its rows."""
        with speaking(self.uri, "looking up the collection"):
            held = self._held()
            return held.name if held else ""

    def outdated(self) -> bool:
        """True where the collection was made for another model or schema: its vectors and ours must not mix, so `recreate` it."""
        with speaking(self.uri, "looking up the collection"):
            held = self._held()
            return held is not None and held.said != made_for(self.model)

    def recreate(self) -> None:
        """An empty collection for this model behind the alias; the one before it, and any that a crash left, are dropped."""
        with self._changing, speaking(self.uri, "making the collection"):
            self._make()

    def upsert(self, rows: pl.DataFrame, vectors: Vectors, /) -> None:
        """Each row replaces the one of its id, whole. Messages are small; a crash between two of them leaves the earlier ones written."""
        check_rows(rows, vectors, self.dimensions)
        with self._changing, speaking(self.uri, "writing rows"):
            held = self._held() or self._make()
            self._usable(held)
            for message in to_messages(rows, vectors):
                self._expect_replacements(held, [row["chunk_id"] for row in message])
                self.client.upsert(self.alias, message, timeout=SECONDS)
                reach("vectorstore.upserted")

    def delete(self, chunk_ids: Sequence[str], /) -> None:
        """Ids that are not there are no error."""
        check_ids(chunk_ids)
        with self._changing, speaking(self.uri, "deleting rows"):
            if held := self._held():
                self._delete(held, chunk_ids)

    def read(self, *, vectors: bool = False) -> Iterator[pl.DataFrame]:
        """Every row in batches, ordered by id, with a `vector` column if asked."""
        with speaking(self.uri, "reading rows"):
            held = self._held()
        if held:
            yield from read_pages(self.client, self.uri, self.alias, self.dimensions if vectors else 0)

    def search(self, query: VectorQuery, /) -> pl.DataFrame:
        """Best first, by vector or by words; nothing before the first upsert, and nothing by words where `knows_words` is false."""
        check_query(query, self.dimensions)
        with speaking(self.uri, "searching"):
            held = self._held()
            if held is not None:
                self._usable(held)
            if held is None or (query.by == "words" and not held.bm25):
                return pl.DataFrame(schema=HIT_SCHEMA)
            return find_nearest(self.client, self.alias, query)

    def knows_words(self) -> bool:
        """Whether rows can be searched by words. Servers before 2.5 know vectors alone."""
        with speaking(self.uri, "looking up the collection"):
            held = self._held()
            return held.bm25 if held else has_bm25(self.client.get_server_version())

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        """How many rows of these documents were there; there are none when this returns. Their bytes stay until `purge`."""
        check_ids(list(document_ids))
        with self._changing, speaking(self.uri, "forgetting documents"):
            self._drop_orphans()
            before = sum(self._forget(one_of("document_id", batch)) for batch in slices(list(document_ids)))
        return Forgotten(self.name, before, 0)

    def count(self, document_ids: Collection[str], /) -> int:
        check_ids(list(document_ids))
        with speaking(self.uri, "counting rows"):
            return sum(self._count(one_of("document_id", batch)) for batch in slices(list(document_ids))) if self._held() else 0

    def purge(self) -> str:
        """`purged`: nowhere in the store is a byte of a row that was deleted or replaced, nor of its vector or its key; else `pending`.

        Where any may be, the live rows move to a new collection, equal to the bit, which `collection` then names; searches go on.
        Where none is, nothing is written: many erasures share one rewrite. Killed at any point, it leaves what the next call ends.
        Milvus Lite is asked by its files. A server frees a dropped collection later and says so to nobody: it owes until `frees_after`
        seconds have passed by its own clock, and for ever if nobody stated them. An outdated collection waits for `recreate`.
        """
        with self._changing, speaking(self.uri, "freeing the bytes of deleted rows"):
            self._drop_orphans()
            if is_server(self.uri):
                return self._purge_server()
            held = self._held()
            sweep_leftovers(self.uri, self.alias, self.client.list_collections(timeout=SECONDS))
            if held and holds_dead_rows(self.client, self.uri, held.name):
                if held.said != made_for(self.model):
                    return "pending"
                self._rewrite(held)
                sweep_leftovers(self.uri, self.alias, self.client.list_collections(timeout=SECONDS))
            return "purged"

    def owes_until(self) -> int | None:
        """Seconds since 1970, by the server's clock, from which on a purge may answer `purged`; None if nothing that is dated is owed."""
        with speaking(self.uri, "looking up what is owed"):
            held = self._held() if is_server(self.uri) and self.frees_after is not None else None
            since = read_debts(self.client, self.alias, held.name).since if held else ()
            return int(since[-1] + (self.frees_after or 0)) if since else None

    def settle(self) -> None:
        """Index what was written. Searches are right without it; on Milvus Lite they are some 40 times slower until it or `close`."""
        with speaking(self.uri, "indexing rows"):
            if held := self._held():
                self.client.flush(held.name, timeout=SECONDS)

    def close(self) -> None:
        """Let go of the connection and, for Milvus Lite, of its folder: other stores of this process on the same folder end too."""
        disconnect(self.client, self.uri)

    def _held(self) -> _Collection | None:
        from pymilvus.exceptions import MilvusException  # type: ignore[import-untyped]

        try:
            name = self.client.describe_alias(self.alias, timeout=SECONDS)["collection_name"]
        except MilvusException as error:
            if says_absent(error):
                return None
            raise
        with self._loading:
            if name not in self._known:
                self.client.load_collection(name, timeout=SECONDS)
                said = self.client.describe_collection(name, timeout=SECONDS)
                self._known[name] = _Collection(name, said_of(said), any(part["name"] == SPARSE for part in said["fields"]))
            return self._known[name]

    def _make(self) -> _Collection:
        before = self._held()
        if before is None and self.client.has_collection(self.alias, timeout=SECONDS):
            raise SettingsError(
                f"stores.collection: {self.alias!r} is a collection at {shown(self.uri)} that ragkeep did not make. Choose another name."
            )
        made = self._make_empty()
        reach("vectorstore.collection_made")
        move = self.client.alter_alias if before else self.client.create_alias
        move(made, self.alias, timeout=SECONDS)
        self._drop_orphans()
        now_held = self._held()
        assert now_held is not None
        return now_held

    def _make_empty(self) -> str:
        # A random name, since "another collection" must be visible even after the one before was dropped behind our back.
        name = f"{self.alias}_{secrets.token_hex(4)}"
        make_collection(self.client, name, self.dimensions, self.model, timeout=SECONDS)
        return name

    def _rewrite(self, held: _Collection, /) -> None:
        """Searches see the old collection until the new one is known to hold the same."""
        name = self._make_empty()
        reach("purge.made")
        copy_rows(self.client, self.uri, held.name, name, self.dimensions)
        reach("purge.copied")
        if is_server(self.uri):
            carry_debts(self.client, self.alias, held.name, name)
        self.client.alter_alias(name, self.alias, timeout=SECONDS)
        reach("purge.moved")
        self._drop_orphans()
        reach("purge.dropped")

    def _purge_server(self) -> str:
        held = self._held()
        if held and read_debts(self.client, self.alias, held.name).soiled:
            if held.said != made_for(self.model):
                return "pending"
            self._rewrite(held)
            held = self._held()
        return "pending" if held and is_in_debt(self.client, self.alias, held.name, self.frees_after) else "purged"

    def _drop_orphans(self) -> None:
        """A crash while the collection was made anew leaves one without an alias; it may hold every row."""
        held = self._held()
        ours = re.compile(re.escape(self.alias) + "_[0-9a-f]{8}")
        listed = self.client.list_collections(timeout=SECONDS)
        orphans = [name for name in listed if ours.fullmatch(name) and (held is None or name != held.name)]
        if not is_server(self.uri):
            for name in orphans:
                self.client.drop_collection(name, timeout=SECONDS)
        elif orphans and held is None:
            self._make()  # drops them: what is owed must stand somewhere
        elif orphans and held:
            mark(self.client, self.alias, held.name, OWED)
            for name in orphans:
                drop_collection(self.client, name)

    def _expect_replacements(self, held: _Collection, chunk_ids: Sequence[str], /) -> None:
        """A row that is replaced leaves bytes behind. Milvus Lite is asked by its files; a server's collection must be marked before."""
        if is_server(self.uri) and held.name not in self._soiled and self._count(one_of("chunk_id", chunk_ids)):
            self._soil(held)

    def _soil(self, held: _Collection, /) -> None:
        if is_server(self.uri) and held.name not in self._soiled:
            mark(self.client, self.alias, held.name, SOILED)
            self._soiled.add(held.name)

    def _usable(self, held: _Collection, /) -> None:
        if held.said != made_for(self.model):
            raise SettingsError(
                f"stores.collection: {self.alias!r} at {shown(self.uri)} holds vectors of another model than the settings name, "
                "and they must not mix. Put the model back, or choose another collection."
            )

    def _count(self, condition: str, /) -> int:
        return int(
            self.client.query(self.alias, filter=condition, output_fields=["count(*)"], consistency_level="Strong", timeout=SECONDS)[0][
                "count(*)"
            ]
        )

    def _delete(self, held: _Collection, chunk_ids: Sequence[str], /) -> None:
        if chunk_ids:
            self._soil(held)
        for batch in slices(chunk_ids):
            self.client.delete(self.alias, ids=list(batch), timeout=SECONDS)

    def _forget(self, condition: str, /) -> int:
        """How many rows went. The last look, strongly consistent, found none: the proof. Milvus Lite walks all rows at each."""
        gone: set[str] = set()
        while held := self._held():
            found = self.client.query(
                self.alias, filter=condition, output_fields=["chunk_id"], limit=HIT_LIMIT, consistency_level="Strong", timeout=SECONDS
            )
            if not found:
                break
            gone.update(row["chunk_id"] for row in found)
            self._delete(held, [row["chunk_id"] for row in found])
        return len(gone)
