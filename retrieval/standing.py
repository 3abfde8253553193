"""The standing of documents and people as the ledger knows it, at the moment of asking."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ledger.consent import Consent
from ledger.suppressions import Suppressions
from retrieval.ports import Suppressible


@dataclass(frozen=True, slots=True)
class LedgerStanding:
    """A Standing that reads the ledger for each question: a suppression or a withdrawal holds from its acknowledgement on."""

    suppressions: Suppressions
    consent: Consent

    def suppressed(self, keys: Collection[str], kind: Suppressible, /) -> set[str]:
        return self.suppressions.suppressed(keys, kind)

    def withdrawn(self, subject_keys: Collection[str], purpose: str, at: datetime, /, *, source_id: str) -> set[str]:
        return self.consent.withdrawn(subject_keys, purpose, at, source_id=source_id)
