"""The standing of documents and people as two sets in memory, for tests and for notebooks without a ledger."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from retrieval.ports import Suppressible


@dataclass(frozen=True, slots=True)
class MemoryStanding:
    """A Standing that knows what it was told: `(kind, key)` of what is suppressed, `(subject_key, purpose)` of who withdrew."""

    suppressions: frozenset[tuple[str, str]] = frozenset()
    withdrawals: frozenset[tuple[str, str]] = frozenset()

    def suppressed(self, keys: Collection[str], kind: Suppressible, /) -> set[str]:
        return {key for key in keys if (kind, key) in self.suppressions}

    def withdrawn(self, subject_keys: Collection[str], purpose: str, _at: datetime, /, *, source_id: str) -> set[str]:  # noqa: ARG002
        return {key for key in subject_keys if (key, purpose) in self.withdrawals}
