"""The standing of documents and people as the ledger knows it, at the moment of asking."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from contracts.consent import Consents
from ledger.consent import Consent
from ledger.suppressions import Suppressions
from retrieval.ports import Suppressible


@dataclass(frozen=True, slots=True)
class LedgerStanding:
    """A Standing that reads the ledger for each question: a suppression or a withdrawal holds from its acknowledgement on.

    A ledger that is behind its logs outside, such as one that was put back from a backup under an open workspace, catches up first.
    """

    suppressions: Suppressions
    consent: Consent

    def suppressed(self, keys: Collection[str], kind: Suppressible, /) -> set[str]:
        self.suppressions.adopt()
        return self.suppressions.suppressed(keys, kind)

    def decided(self, subject_keys: Collection[str], at: datetime, /) -> Consents:
        self.consent.adopt()
        return self.consent.standing(subject_keys, at)
