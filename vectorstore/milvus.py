"""The index in Milvus: Milvus Lite in a folder, or a server by its address. Each collection is found through an alias."""

import threading
from collections.abc import Collection as Some
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import polars as pl

from configs.faults import reach
from contracts.errors import ModelMoved, SettingsError
from contracts.ports import StoreState, VectorQuery, Vectors
from contracts.results import Forgotten
from vectorstore.collection import has_bm25, made_for, model_of
from vectorstore.connection import SECONDS, connect, disconnect, is_server, shown, speaking
from vectorstore.debts import SOILED, carry_debts, is_in_debt, mark, marks, owed_since
from vectorstore.family import BEFORE, LIVE, NEXT, Collection, Family, Generation
from vectorstore.filters import one_of
from vectorstore.messages import count_rows, read_pages, slices, to_messages
from vectorstore.nearest import find_nearest
from vectorstore.rewrite import copy_rows, holds_dead_rows
from vectorstore.rows import HIT_LIMIT, HIT_SCHEMA, check_ids, check_query, check_rows


def open_milvus(
    uri: str, alias: str, dimensions: int, model: str, *, token: str | None = None, frees_after: float | None = None
) -> "MilvusStore":
    """A connected store. `uri` is an address or a folder ending in `.db`; `model` is the fingerprint of the model.

    `frees_after` is for servers: the seconds after which the bytes of a dropped collection are gone, as whoever runs the server knows it.
    Nothing is created before the first upsert. Raises StoreUnavailable, WorkspaceLocked or SettingsError.
    """
    return MilvusStore(Family(connect(uri, token=token), uri, alias), dimensions, model, frees_after)


@dataclass(frozen=True, slots=True)
class MilvusStore:
    """A VectorStore and a DerivedCopy. Reads are strongly consistent; what was acknowledged survives kill -9.

    It writes and reads one generation, the one that answers unless it came from `beside`; it forgets and purges in all of them.
    """

    family: Family
    dimensions: int
    model: str
    frees_after: float | None = None
    generation: Generation = LIVE
    _soiled: set[str] = field(default_factory=set, repr=False)
    """Collections of a server that are marked already."""
    _changing: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held by whoever writes or deletes: a row that is deleted while rows are copied must not come back with the copy."""

    @property
    def name(self) -> str:
        return "index"

    @property
    def client(self) -> Any:
        """Of pymilvus."""
        return self.family.client

    @property
    def uri(self) -> str:
        """An address, or a folder."""
        return self.family.uri

    def state(self) -> StoreState:
        """An empty name and no rows before the first upsert."""
        with speaking(self.uri, "counting rows"):
            held = self._held()
            return StoreState(held.name, count_rows(self.client, held.name, "")) if held else StoreState("", 0)

    def collection(self) -> str:
        """What `state` names, without counting its rows."""
        with speaking(self.uri, "looking up the collection"):
            held = self._held()
            return held.name if held else ""

    def made_for(self) -> str:
        """The model whose vectors are in the collection; "" where there is no collection, or one of another schema."""
        with speaking(self.uri, "looking up the collection"):
            held = self._held()
            return model_of(held.said) if held else ""

    def outdated(self) -> bool:
        """True where the collection was made for another model or schema: its vectors and ours must not mix."""
        with speaking(self.uri, "looking up the collection"):
            held = self._held()
            return held is not None and held.said != made_for(self.model)

    def recreate(self) -> None:
        """An empty collection for this model; the one before it, and any that a crash left, are dropped."""
        with self._changing, speaking(self.uri, "making the collection"):
            self._make()

    def beside(self) -> "MilvusStore":
        """The collection that is being built for this model while another answers: what was begun, else what was replaced, else empty.

        `replaced` goes with the first call for its model: from then on it is the one that is being built.
        """
        with self._changing, speaking(self.uri, "making a collection beside the one that answers"):
            begun, replaced = self.family.held(NEXT), self.family.held(BEFORE)
            if begun is None or begun.said != made_for(self.model):
                again = replaced is not None and replaced.said == made_for(self.model)
                name = replaced.name if replaced and again else self.family.make(self.dimensions, made_for(self.model))
                self.family.point(NEXT, name)
                if again:
                    self.family.point(BEFORE, None)
                self.family.drop_orphans()
        return replace(self, generation=NEXT)

    def promote(self) -> None:
        """What was built beside answers from now on, all at once; what answered is kept, and what was kept before is dropped.

        Killed at any point, one of the two answers, whole, and calling it again ends it. Raises LookupError where nothing was built.
        """
        with self._changing, speaking(self.uri, "moving the alias"):
            built, live = self.family.held(NEXT), self.family.held(LIVE)
            if built is None:
                raise LookupError("nothing was built beside the collection that answers: call `beside` first")
            if live:
                if is_server(self.uri):
                    carry_debts(self.client, live.name, built.name)
                self.family.point(BEFORE, live.name)
                reach("promote.kept")
            self.family.point(LIVE, built.name)
            reach("promote.moved")
            self.family.point(NEXT, None)
            self.family.drop_orphans()

    def drop(self, generation: Literal["_next", "_before"], /) -> None:
        """What is being built, or what was replaced, goes; nothing where there is none."""
        with self._changing, speaking(self.uri, "dropping a collection"):
            self.family.point(generation, None)
            self.family.drop_orphans()

    def upsert(self, rows: pl.DataFrame, vectors: Vectors, /) -> None:
        """Each row replaces the one of its id, whole. Messages are small; a crash between two of them leaves the earlier ones written."""
        check_rows(rows, vectors, self.dimensions)
        with self._changing, speaking(self.uri, "writing rows"):
            held = self._held() or self._make()
            if held.said != made_for(self.model):
                raise SettingsError(
                    f"stores.collection: {self.family.alias!r} at {shown(self.uri)} holds vectors of another model than the settings name, "
                    "and they must not mix. Put the model back, or build the index anew with: ragkeep reindex"
                )
            for message in to_messages(rows, vectors):
                self._expect_replacements(held, [row["chunk_id"] for row in message])
                self.client.upsert(held.name, message, timeout=SECONDS)
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
            yield from read_pages(self.client, self.uri, held.name, held.dimensions if vectors else 0)

    def search(self, query: VectorQuery, /) -> pl.DataFrame:
        """Best first, by vector or by words; nothing before the first upsert, and nothing by words where `knows_words` is false.

        Raises ModelMoved where the collection holds vectors of another model than the question's.
        """
        with speaking(self.uri, "searching"):
            while held := self._held():
                if held.said != made_for(query.model or self.model):
                    raise ModelMoved(
                        f"milvus at {shown(self.uri)}: {self.family.alias!r} holds vectors of another model than the question's. Ask again."
                    )
                check_query(query, held.dimensions)
                if query.by == "words" and not held.bm25:
                    break
                with self.family.forgiving_replacement(held, self.generation):
                    return find_nearest(self.client, held.name, query)
            check_query(query, held.dimensions if held else self.dimensions)
            return pl.DataFrame(schema=HIT_SCHEMA)

    def knows_words(self) -> bool:
        """Whether rows can be searched by words. Servers before 2.5 know vectors alone."""
        with speaking(self.uri, "looking up the collection"):
            held = self._held()
            return held.bm25 if held else has_bm25(self.client.get_server_version())

    def forget(self, document_ids: Some[str], /) -> Forgotten:
        """How many rows of these documents were there; there are none when this returns. Their bytes stay until `purge`."""
        return Forgotten(self.name, self._forget(document_ids, LIVE, NEXT, BEFORE), 0)

    def forget_beside(self, document_ids: Some[str], /) -> None:
        """What is being built and what is kept hold no row of these documents; what answers is left alone."""
        self._forget(document_ids, NEXT, BEFORE)

    def count(self, document_ids: Some[str], /) -> int:
        check_ids(list(document_ids))
        with speaking(self.uri, "counting rows"):
            conditions = [one_of("document_id", batch) for batch in slices(list(document_ids))]
            return sum(count_rows(self.client, held.name, condition) for _, held in self.family.all() for condition in conditions)

    def purge(self) -> str:
        """`purged`: nowhere in the store is a byte of a row that was deleted or replaced, nor of its vector or its key; else `pending`.

        Where any may be, the live rows move to a new collection, equal to the bit, which `collection` then names; searches go on.
        Where none is, nothing is written: many erasures share one rewrite. Killed at any point, it leaves what the next call ends.
        Milvus Lite is asked by its files. A server frees a dropped collection later and says so to nobody: it owes until `frees_after`
        seconds have passed by its own clock, and for ever if nobody stated them. A collection of an older schema waits for its successor.
        """
        with self._changing, speaking(self.uri, "freeing the bytes of deleted rows"):
            self.family.drop_orphans()
            for generation, held in list(self.family.all()):
                if self._holds_dead_rows(held):
                    if not model_of(held.said):
                        return "pending"
                    self._rewrite(generation, held)
            self.family.sweep()
            live = self.family.held() if is_server(self.uri) else None
            return "pending" if live and is_in_debt(self.client, self.family.alias, live.name, self.frees_after) else "purged"

    def owes_until(self) -> int | None:
        """Seconds since 1970, by the server's clock, from which on a purge may answer `purged`; None if nothing that is dated is owed."""
        with speaking(self.uri, "looking up what is owed"):
            live = self.family.held() if is_server(self.uri) and self.frees_after is not None else None
            since = owed_since(self.client, live.name) if live else ()
            return int(since[-1] + (self.frees_after or 0)) if since else None

    def settle(self) -> None:
        """Index what was written. Searches are right without it; on Milvus Lite they are some 40 times slower until it or `close`."""
        with speaking(self.uri, "indexing rows"):
            if held := self._held():
                self.client.flush(held.name, timeout=SECONDS)

    def close(self) -> None:
        """Let go of the connection and, for Milvus Lite, of its folder: other stores of this process on the same folder end too."""
        disconnect(self.client, self.uri)

    def _held(self) -> Collection | None:
        return self.family.held(self.generation)

    def _make(self) -> Collection:
        self.family.point(self.generation, self.family.make(self.dimensions, made_for(self.model)))
        reach("vectorstore.collection_made")
        self.family.drop_orphans()
        held = self._held()
        assert held is not None
        return held

    def _rewrite(self, generation: Generation, held: Collection, /) -> None:
        """Searches see the old collection until the new one is known to hold the same."""
        name = self.family.make(held.dimensions, held.said)
        reach("purge.made")
        copy_rows(self.client, self.uri, held.name, name, held.dimensions)
        reach("purge.copied")
        if is_server(self.uri):
            carry_debts(self.client, held.name, name)
        self.family.point(generation, name)
        reach("purge.moved")
        self.family.drop_orphans()
        reach("purge.dropped")

    def _holds_dead_rows(self, held: Collection, /) -> bool:
        at_server = is_server(self.uri)
        return SOILED in marks(self.client, held.name) if at_server else holds_dead_rows(self.client, self.uri, held.name)

    def _expect_replacements(self, held: Collection, chunk_ids: Sequence[str], /) -> None:
        """A row that is replaced leaves bytes behind. Milvus Lite is asked by its files; a server's collection must be marked before."""
        if is_server(self.uri) and held.name not in self._soiled and count_rows(self.client, held.name, one_of("chunk_id", chunk_ids)):
            self._soil(held)

    def _soil(self, held: Collection, /) -> None:
        if is_server(self.uri) and held.name not in self._soiled:
            mark(self.client, held.name, SOILED)
            self._soiled.add(held.name)

    def _delete(self, held: Collection, chunk_ids: Sequence[str], /) -> None:
        if chunk_ids:
            self._soil(held)
        for batch in slices(chunk_ids):
            self.client.delete(held.name, ids=list(batch), timeout=SECONDS)

    def _forget(self, document_ids: Some[str], *generations: Generation) -> int:
        check_ids(list(document_ids))
        with self._changing, speaking(self.uri, "forgetting documents"):
            self.family.drop_orphans()
            told = [held for generation, held in self.family.all() if generation in generations]
            return sum(self._drop(held, one_of("document_id", batch)) for held in told for batch in slices(list(document_ids)))

    def _drop(self, held: Collection, condition: str, /) -> int:
        """How many rows went. The last look, strongly consistent, found none: the proof. Milvus Lite walks all rows at each."""
        gone: set[str] = set()
        asked = {"filter": condition, "output_fields": ["chunk_id"], "limit": HIT_LIMIT, "consistency_level": "Strong", "timeout": SECONDS}
        while found := self.client.query(held.name, **asked):
            gone.update(row["chunk_id"] for row in found)
            self._delete(held, [row["chunk_id"] for row in found])
        return len(gone)
