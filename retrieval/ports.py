"""What a search asks of others: the index, what access keys stand for, and what must not be shown at this very moment."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal, Protocol

import polars as pl

from contracts.consent import Consents
from contracts.ports import StoreState, VectorQuery

Suppressible = Literal["document", "version", "subject", "source"]


class AccessTerms(Protocol):
    """The terms that rows of the index carry as one key."""

    @property
    def access_key(self) -> str: ...
    @property
    def groups(self) -> tuple[str, ...]:
        """Empty: everyone whose clearance reaches the classification."""
        ...

    @property
    def classification(self) -> str: ...
    @property
    def purposes(self) -> tuple[str, ...]: ...


class Index(Protocol):
    """What of a vector store a search needs."""

    def state(self) -> StoreState: ...
    def knows_words(self) -> bool:
        """Whether rows can be searched by words; a search by words finds nothing where they cannot."""
        ...

    def search(self, query: VectorQuery, /) -> pl.DataFrame:
        """As `VectorStore.search`."""
        ...


class Standing(Protocol):
    """What was refused since the index was last written. Asked after the store, for every search; a search without an answer is refused.

    Either method raises StoreUnavailable where it cannot tell.
    """

    def suppressed(self, keys: Collection[str], kind: Suppressible, /) -> set[str]:
        """Those of the keys that must never be served again."""
        ...

    def decided(self, subject_keys: Collection[str], at: datetime, /) -> Consents:
        """What these people decided by now about the use of their data; whatever was taken away and acknowledged is in it."""
        ...
