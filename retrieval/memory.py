"""The standing of documents and people held in memory, for tests and for notebooks without a ledger."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contracts.consent import Consents, ConsentState
from retrieval.ports import Suppressible


@dataclass(frozen=True, slots=True)
class MemoryStanding:
    """A Standing that knows what it was told: `(kind, key)` of what is suppressed, and the decisions on `(person, purpose, scope)`."""

    suppressions: frozenset[tuple[str, str]] = frozenset()
    decisions: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def suppressed(self, keys: Collection[str], kind: Suppressible, /) -> set[str]:
        return {key for key in keys if (kind, key) in self.suppressions}

    def decided(self, _subject_keys: Collection[str], _at: datetime, /) -> Consents:
        return ConsentState(self.decisions)
