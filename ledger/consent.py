"""The consent ledger: receipts are only ever added, and the state at a moment is what they say up to then."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from sqlalchemy import Column, Engine, Index, Select, String, Table, Text, func, select

from contracts.ids import fingerprint
from ledger.columns import LEDGER, Moment
from ledger.database import batches, insert_new, writing

Word = Literal["granted", "withdrawn"]
State = Literal["granted", "withdrawn", "expired"]

_RECEIPT = Table(
    "consent_receipt",
    LEDGER,
    Column("receipt_id", String(32), primary_key=True),
    Column("subject_key", String(32), nullable=False),
    Column("purpose", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("state", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("until", Moment, nullable=True),
    Column("evidence", Text, nullable=False),
    Column("method", String, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Index("consent_receipt_by_subject", "subject_key", "purpose", "at"),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one person said about one purpose. An empty `scope` means every source; a grant may end at `until`, which is no longer part of it."""

    subject_key: str
    purpose: str
    state: Word
    at: datetime
    recorded_at: datetime = field(compare=False)
    scope: str = ""
    until: datetime | None = None
    evidence: str = ""
    method: str = ""

    def __post_init__(self) -> None:
        if self.state not in ("granted", "withdrawn"):
            raise ValueError(f"consent is granted or withdrawn, not {self.state!r}")
        if self.until and (self.state == "withdrawn" or self.until <= self.at):
            raise ValueError("only a grant ends, and only after it began")

    @property
    def receipt_id(self) -> str:
        """From all that the receipt says, not from when it was written down: the same word recorded twice is one receipt."""
        until = self.until.astimezone(UTC).isoformat() if self.until else None
        said = {name: getattr(self, name) for name in ("subject_key", "purpose", "scope", "state", "evidence", "method")}
        return fingerprint("consent receipt", at=self.at.astimezone(UTC).isoformat(), until=until, **said)


Key = tuple[str, str, str]
"""(subject_key, purpose, scope)"""


@dataclass(frozen=True, slots=True)
class ConsentState:
    """What the receipts say at the moment `as_of`. Ask it with `get`."""

    as_of: datetime
    last_words: Mapping[Key, Receipt]
    """Per (subject_key, purpose, scope) the receipt that counts at `as_of`."""

    def get(self, subject_key: str, purpose: str, source_id: str = "", /) -> State | None:
        """The last word that covers the source, a withdrawal before a grant of the same instant; None if nothing was ever said."""
        scopes = {"", source_id}
        words = [word for scope in scopes if (word := self.last_words.get((subject_key, purpose, scope)))]
        if not words:
            return None
        last = max(words, key=_weight)
        return "expired" if last.until and last.until <= self.as_of else last.state


class Consent:
    """The receipts. There is no way to change or remove one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, receipts: Iterable[Receipt], /) -> list[str]:
        """The receipts' ids, once they are on disk. A receipt that is already there is left as it was first recorded."""
        rows = [{"receipt_id": receipt.receipt_id, **{name: getattr(receipt, name) for name in _FIELDS}} for receipt in receipts]
        with writing(self._engine) as connection:
            insert_new(connection, _RECEIPT, rows)
        return [row["receipt_id"] for row in rows]

    def state(self, as_of: datetime, /, subject_keys: Collection[str] | None = None) -> ConsentState:
        """What is granted and withdrawn at a moment, for everyone or for some people."""
        spoken = select(_RECEIPT).where(_RECEIPT.c.at <= as_of)
        last: dict[Key, Receipt] = {}
        for receipt in self._read(spoken, subject_keys):
            key = (receipt.subject_key, receipt.purpose, receipt.scope)
            if key not in last or _weight(receipt) > _weight(last[key]):
                last[key] = receipt
        return ConsentState(as_of, MappingProxyType(last))

    def withdrawn(self, subject_keys: Collection[str], purpose: str, at: datetime, /, *, source_id: str = "") -> set[str]:
        """Those of the people who have withdrawn their consent, or whose grant has ended: an indexed look-up, made for every search."""
        state = self.state(at, subject_keys)
        return {key for key in subject_keys if state.get(key, purpose, source_id) in ("withdrawn", "expired")}

    def history(self, subject_key: str, /) -> list[Receipt]:
        """Everything one person said, oldest first."""
        return sorted(self._read(select(_RECEIPT), [subject_key]), key=_weight)

    def next_change(self, after: datetime, /) -> datetime | None:
        """The next moment at which the state may differ without a new receipt: a grant ends, or a word given in advance begins to count."""
        moments = (_RECEIPT.c.at, _RECEIPT.c.until)
        with self._engine.connect() as connection:
            found = [connection.execute(select(func.min(moment)).where(moment > after)).scalar_one() for moment in moments]
        return min((moment for moment in found if moment), default=None)

    def _read(self, receipts: Select[tuple[object, ...]], subject_keys: Collection[str] | None) -> Iterable[Receipt]:
        chosen: Sequence[Select[tuple[object, ...]]] = [receipts]
        if subject_keys is not None:
            chosen = [receipts.where(_RECEIPT.c.subject_key.in_(batch)) for batch in batches(set(subject_keys))]
        with self._engine.connect() as connection:
            for query in chosen:
                for row in connection.execute(query):
                    yield Receipt(**{name: getattr(row, name) for name in _FIELDS})


_FIELDS = ("subject_key", "purpose", "state", "at", "recorded_at", "scope", "until", "evidence", "method")
_NEVER = datetime.max.replace(tzinfo=UTC)


def _weight(receipt: Receipt) -> tuple[datetime, bool, float, str]:
    """Later words win; at one instant a withdrawal wins over a grant, and a grant that ends sooner over one that ends later."""
    remaining = (receipt.until or _NEVER) - receipt.at
    return receipt.at, receipt.state == "withdrawn", -remaining.total_seconds(), receipt.receipt_id
