"""The collections of one index: the one that answers, the one that is being built beside it, and the one that it replaced."""

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from contracts.errors import SettingsError
from vectorstore.collection import SPARSE, dimensions_of, make_collection, said_of
from vectorstore.connection import SECONDS, is_server, says_absent, shown
from vectorstore.debts import OWED, drop_collection, mark
from vectorstore.rewrite import sweep_leftovers

Generation = Literal["", "_next", "_before"]
LIVE: Generation = ""
NEXT: Generation = "_next"
BEFORE: Generation = "_before"


@dataclass(frozen=True, slots=True)
class Collection:
    """A loaded collection and what it says of itself."""

    name: str
    said: str
    dimensions: int
    bm25: bool


@dataclass(frozen=True, slots=True)
class Family:
    """Each generation is an alias: `ALIAS`, `ALIAS_next`, `ALIAS_before`. A collection of ours that none of them names is an orphan."""

    client: Any = field(repr=False)
    uri: str = field(repr=False)
    alias: str
    _known: dict[str, Collection] = field(default_factory=dict, repr=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, repr=False)
    """A search that comes while another loads the collection would be refused."""

    def held(self, generation: Generation = LIVE, /) -> Collection | None:
        """None where nothing was made yet. A generation that a crash left naming the live collection has none of its own."""
        name = self._named(generation)
        if name is None or (generation != LIVE and name == self._named(LIVE)):
            return None
        with self._loading:
            if name not in self._known:
                self.client.load_collection(name, timeout=SECONDS)
                said = self.client.describe_collection(name, timeout=SECONDS)
                bm25 = any(part["name"] == SPARSE for part in said["fields"])
                self._known[name] = Collection(name, said_of(said), dimensions_of(said), bm25)
            return self._known[name]

    def all(self) -> Iterator[tuple[Generation, Collection]]:
        """Those that there are, the one that answers first."""
        for generation in (LIVE, NEXT, BEFORE):
            if held := self.held(generation):
                yield generation, held

    @contextmanager
    def forgiving_replacement(self, held: Collection, generation: Generation, /) -> Iterator[None]:
        """Passes over what fails because the collection was replaced, and dropped, since it was looked up: look it up again then."""
        from pymilvus.exceptions import MilvusException  # type: ignore[import-untyped]

        try:
            yield
        except MilvusException:
            if self._named(generation) in (None, held.name):
                raise

    def make(self, dimensions: int, said: str, /) -> str:
        """An empty collection that no generation names yet. Raises SettingsError where the alias is the name of a stranger's collection."""
        if self._named(LIVE) is None and self.client.has_collection(self.alias, timeout=SECONDS):
            raise SettingsError(
                f"stores.collection: {self.alias!r} is a collection at {shown(self.uri)} that ragkeep did not make. Choose another name."
            )
        # A random name, since "another collection" must be visible even after the one before was dropped behind our back.
        name = f"{self.alias}_{secrets.token_hex(4)}"
        make_collection(self.client, name, dimensions, said, timeout=SECONDS)
        return name

    def point(self, generation: Generation, name: str | None, /) -> None:
        """The generation is that collection from now on, or none."""
        alias, named = self.alias + generation, self._named(generation)
        if name is None:
            if named is not None:
                self.client.drop_alias(alias, timeout=SECONDS)
        elif named is None:
            self.client.create_alias(name, alias, timeout=SECONDS)
        elif named != name:
            self.client.alter_alias(name, alias, timeout=SECONDS)

    def drop_orphans(self) -> None:
        """What no generation names: a crash while a collection was made anew leaves one, and it may hold every row."""
        named = {generation: self._named(generation) for generation in (LIVE, NEXT, BEFORE)}
        for generation in (NEXT, BEFORE):
            # Left by a crash: once the live collection is replaced, this would keep it, with every row that was erased of it.
            if named[generation] and named[generation] == named[LIVE]:
                self.point(generation, None)
        ours = re.compile(re.escape(self.alias) + "_[0-9a-f]{8}")
        listed = self.client.list_collections(timeout=SECONDS)
        orphans = [name for name in listed if ours.fullmatch(name) and name not in named.values()]
        if orphans and is_server(self.uri):
            mark(self.client, self._creditor(orphans[0]), OWED)
        for name in orphans:
            drop_collection(self.client, name)
            self._known.pop(name, None)

    def sweep(self) -> None:
        """Of Milvus Lite: files of collections that it forgot when it was killed."""
        if not is_server(self.uri):
            sweep_leftovers(self.uri, self.alias, self.client.list_collections(timeout=SECONDS))

    def _creditor(self, orphan: str) -> str:
        """Where it is written that a server owes: at the live collection; where there is none, an empty one like the orphan becomes it."""
        name = self._named(LIVE)
        if name is None:
            said = self.client.describe_collection(orphan, timeout=SECONDS)
            name = self.make(dimensions_of(said), said_of(said))
            self.point(LIVE, name)
        return name

    def _named(self, generation: Generation) -> str | None:
        from pymilvus.exceptions import MilvusException

        try:
            return str(self.client.describe_alias(self.alias + generation, timeout=SECONDS)["collection_name"])
        except MilvusException as error:
            if says_absent(error):
                return None
            raise
