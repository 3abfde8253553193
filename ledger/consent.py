"""The consent ledger: receipts are only ever added, and the state at a moment is what they say up to then."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import BigInteger, Column, Engine, Index, String, Table, Text, func, select, type_coerce

from contracts.consent import ANY_SOURCE, ConsentState
from contracts.ids import fingerprint
from ledger.columns import LEDGER, Moment, microseconds
from ledger.database import batches, insert_new, writing

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
_FIELDS = ("subject_key", "purpose", "state", "at", "recorded_at", "scope", "until", "evidence", "method")
_KEY = ("subject_key", "purpose", "scope")

_UNTIL = type_coerce(func.coalesce(_RECEIPT.c.until, 2**62), BigInteger)
_LAST_WORD_LAST = (_RECEIPT.c.at, _RECEIPT.c.state, _UNTIL.desc(), _RECEIPT.c.receipt_id)
"""At one instant a withdrawal comes after a grant ("g" < "w"), and a grant that ends sooner after one that ends later: caution wins."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one person said about one purpose.

    `scope` is a source's name, or ANY_SOURCE; a grant may end, at `until` exclusively.
    """

    subject_key: str
    purpose: str
    state: Literal["granted", "withdrawn"]
    at: datetime
    recorded_at: datetime = field(compare=False)
    scope: str = ANY_SOURCE
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
        said = {name: getattr(self, name) for name in (*_KEY, "state", "evidence", "method")}
        return fingerprint("consent receipt", at=self.at.astimezone(UTC).isoformat(), until=until, **said)


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
        """Per person, purpose and scope the last word given by `as_of`: granted, withdrawn or expired; for everyone or for some people."""
        now = microseconds(as_of)
        words = self._spoken(as_of, subject_keys)
        return ConsentState({(person, purpose, scope): word if until > now else "expired" for person, purpose, scope, word, until in words})

    def withdrawn(self, subject_keys: Collection[str], purpose: str, at: datetime, /, *, source_id: str = ANY_SOURCE) -> set[str]:
        """Those of the people who withdrew, or whose grant has expired: an indexed look-up, made for every search."""
        state = self.state(at, subject_keys)
        return {key for key in subject_keys if state.of(key, purpose, source_id) in ("withdrawn", "expired")}

    def history(self, subject_key: str, /) -> list[Receipt]:
        """Everything one person said, oldest first."""
        query = select(*(_RECEIPT.c[name] for name in _FIELDS)).where(_RECEIPT.c.subject_key == subject_key).order_by(*_LAST_WORD_LAST)
        with self._engine.connect() as connection:
            return [Receipt(**row._mapping) for row in connection.execute(query)]

    def _spoken(self, as_of: datetime, subject_keys: Collection[str] | None) -> Iterator[Any]:
        """The last word of each key comes last, so that building a mapping keeps it."""
        query = select(*(_RECEIPT.c[name] for name in (*_KEY, "state")), _UNTIL).where(_RECEIPT.c.at <= as_of).order_by(*_LAST_WORD_LAST)
        chosen = (
            [query] if subject_keys is None else [query.where(_RECEIPT.c.subject_key.in_(batch)) for batch in batches(set(subject_keys))]
        )
        with self._engine.connect() as connection:
            for part in chosen:
                yield from connection.execute(part)
