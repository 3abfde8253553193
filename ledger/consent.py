"""The consent ledger: receipts are only ever added, and the state at a moment is what they say up to then."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from sqlalchemy import JSON, Column, ColumnElement, Connection, Engine, Index, String, Table, Text, and_, case, or_, select

from configs.faults import reach
from configs.purposes import canonical
from contracts.consent import ANY_SOURCE, STATES, ConsentState, State
from contracts.errors import StoreUnavailable
from contracts.ids import fingerprint
from ledger.columns import LEDGER, Moment, microseconds
from ledger.database import asking, batches, insert_new, writing
from ledger.outside import Line, OutsideLog

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
    Column("lawful_basis", String, nullable=False, server_default="consent"),
    *(Column(name, Text, nullable=False, server_default="") for name in ("jurisdiction", "storage", "notice", "language", "controller")),
    *(Column(name, JSON, nullable=False, server_default="[]") for name in ("categories", "recipients")),
    Index("consent_receipt_by_subject", "subject_key", "purpose", "at"),
)
_C = _RECEIPT.c
_GRAVER_LAST = case({state: rank for rank, state in enumerate(STATES)}, value=_C.state)
_IN_ORDER = (_C.at, _GRAVER_LAST, _C.until.desc().nulls_first(), _C.receipt_id)
"""At one instant the graver word comes later, and a grant that ends sooner after one that ends later: caution wins."""
_SAID_SINCE_THE_FIRST = ("lawful_basis", "jurisdiction", "categories", "recipients", "storage", "notice", "language")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one person said about one purpose, with the fields of a consent record by ISO/IEC TS 27560.

    `scope` is a source's name, or ANY_SOURCE; a grant may end, at `until` exclusively. Nothing here names the person: `subject_key` is a
    keyed hash, `evidence` a hash.
    """

    subject_key: str
    purpose: str
    state: State
    at: datetime
    recorded_at: datetime = field(compare=False)
    scope: str = ANY_SOURCE
    until: datetime | None = None
    evidence: str = ""
    method: str = ""
    lawful_basis: str = "consent"
    """Empty where the word is about any: an objection, a restriction."""
    jurisdiction: str = ""
    categories: tuple[str, ...] = ()
    """Of personal data."""
    recipients: tuple[str, ...] = ()
    storage: str = ""
    """Where it is kept and for how long."""
    notice: str = ""
    """The privacy notice that was shown: address and version."""
    language: str = ""
    """Of that notice."""
    controller: str = field(default="", compare=False)
    """Who decides on the data, as the settings said when it was recorded."""

    def __post_init__(self) -> None:
        if self.state not in get_args(State):
            raise ValueError(f"a decision is {', '.join(STATES[:-1])} or {STATES[-1]}, not {self.state!r}")
        if self.until and (self.state != "granted" or self.until <= self.at):
            raise ValueError("only a grant ends, and only after it began")

    @property
    def receipt_id(self) -> str:
        """From all that the receipt says, not from when and for whom it was written down: the same word recorded twice is one receipt."""
        until = self.until.astimezone(UTC).isoformat() if self.until else None
        said = {name: getattr(self, name) for name in (*_KEY, "state", "evidence", "method")}
        more = {name: getattr(self, name) for name in _SAID_SINCE_THE_FIRST if getattr(self, name) != _DEFAULTS[name]}
        return fingerprint("consent receipt", at=self.at.astimezone(UTC).isoformat(), until=until, **said, **more)


_KEY = ("subject_key", "purpose", "scope")
_FIELDS = tuple(one.name for one in fields(Receipt))
_DEFAULTS = {one.name: one.default for one in fields(Receipt)}


class Consent:
    """The receipts. There is no way to change or remove one. `outside` names a log of them beyond the workspace."""

    def __init__(self, engine: Engine, outside: Path | None = None) -> None:
        self._engine = engine
        self._log = OutsideLog("consents", outside, "receipt_id")

    def record(self, receipts: Iterable[Receipt], /) -> list[str]:
        """The receipts' ids, once they are on disk, first in the log. A receipt that is already there is left as it was first recorded."""
        rows = [_row(receipt) for receipt in receipts]
        with writing(self._engine) as connection:
            self._catch_up(connection)
            new = _without_known(connection, rows)
            if new:
                self._log.append(connection, map(_line, new))
                reach("consents.logged")
                insert_new(connection, _RECEIPT, new)
        return [row["receipt_id"] for row in rows]

    def adopt(self) -> int:
        """How many receipts the ledger lacked and took over from the log outside: after a crash or a restored backup."""
        return self._log.adopt(self._engine, self._catch_up)

    def state(self, as_of: datetime, /, subject_keys: Collection[str] | None = None) -> ConsentState:
        """Per person, purpose and scope the decision in force at `as_of`, for everyone or some people: a fold over what was said by then.

        The last grant counts, and of what was taken away since, or at the same instant, the gravest.
        """
        return self._fold(_C.at <= as_of, as_of, subject_keys)

    def standing(self, subject_keys: Collection[str], at: datetime, /) -> ConsentState:
        """As `state`, and what was taken away and is acknowledged counts too, even if this process' `at` is older: for every search."""
        acknowledged = and_(_C.state != "granted", _C.at <= _C.recorded_at)
        return self._fold(or_(_C.at <= at, acknowledged), at, subject_keys)

    def history(self, subject_key: str | None = None, /) -> list[Receipt]:
        """Everything that one person said, or everyone, oldest first."""
        query = select(*(_C[name] for name in _FIELDS)).order_by(*_IN_ORDER)
        if subject_key is not None:
            query = query.where(_C.subject_key == subject_key)
        with asking(self._engine) as connection:
            return [_receipt(row._mapping) for row in connection.execute(query)]

    def known(self, receipt_ids: Collection[str], /) -> set[str]:
        """Those of the receipts that are recorded."""
        with asking(self._engine) as connection:
            return _known(connection, receipt_ids)

    def _fold(self, said: ColumnElement[bool], as_of: datetime, subject_keys: Collection[str] | None) -> ConsentState:
        microseconds(as_of)  # refuses a time without a zone before anything is asked
        decisions: dict[tuple[str, str, str], State] = {}
        for person, purpose, scope, state, until in self._spoken(said, subject_keys):
            key = (person, canonical(purpose), scope)
            word: State = "expired" if until is not None and until <= as_of else state
            if state == "granted" or STATES.index(word) > STATES.index(decisions.get(key, "granted")):
                decisions[key] = word
        return ConsentState(decisions)

    def _spoken(self, said: ColumnElement[bool], subject_keys: Collection[str] | None) -> Iterator[Any]:
        query = select(*(_C[name] for name in (*_KEY, "state", "until"))).where(said).order_by(*_IN_ORDER)
        chosen = [query] if subject_keys is None else [query.where(_C.subject_key.in_(batch)) for batch in batches(set(subject_keys))]
        with asking(self._engine) as connection:
            for part in chosen:
                yield from connection.execute(part)

    def _catch_up(self, connection: Connection) -> int:
        def take(lines: Sequence[Line]) -> int:
            new = _without_known(connection, [self._read(line) for line in lines])
            insert_new(connection, _RECEIPT, new)
            return len(new)

        def held() -> list[Line]:
            rows = connection.execute(select(_RECEIPT).order_by(_C.recorded_at, _C.receipt_id))
            return [_line(dict(row._mapping)) for row in rows]

        return self._log.catch_up(connection, take, held)

    def _read(self, line: Line) -> dict[str, Any]:
        """A line as a row. Members that a later version wrote are passed over; one that cannot be read might have forbidden something."""
        try:
            stated: dict[str, Any] = {name: line[name] for name in _FIELDS if name in line}
            stated |= {name: datetime.fromisoformat(line[name]) for name in ("at", "recorded_at", "until") if name in line}
            stated |= {name: tuple(line[name]) for name in ("categories", "recipients") if name in line}
            return _row(Receipt(**stated)) | {"receipt_id": str(line["receipt_id"])}
        except (KeyError, TypeError, ValueError) as error:
            said = f"a line of it is no decision about consent ({type(error).__name__})"
            raise StoreUnavailable(f"{self._log.path}: {said}. Put the log's backup back") from None


def _row(receipt: Receipt) -> dict[str, Any]:
    lists = {"categories": list(receipt.categories), "recipients": list(receipt.recipients)}
    return {"receipt_id": receipt.receipt_id} | {name: getattr(receipt, name) for name in _FIELDS} | lists


def _receipt(row: Any) -> Receipt:
    return Receipt(**{**row, "categories": tuple(row["categories"]), "recipients": tuple(row["recipients"])})


def _line(row: dict[str, Any]) -> Line:
    """What was stated, moments as ISO 8601. An empty basis is stated: it is not the default."""
    moments = {name: row[name].astimezone(UTC).isoformat() for name in ("at", "recorded_at", "until") if row[name]}
    return {name: value for name, value in row.items() if value or name == "lawful_basis"} | moments


def _without_known(connection: Connection, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    new = {row["receipt_id"]: row for row in reversed(list(rows))}
    for known in _known(connection, new):
        del new[known]
    return list(reversed(new.values()))


def _known(connection: Connection, receipt_ids: Collection[str]) -> set[str]:
    found: set[str] = set()
    for batch in batches(receipt_ids):
        found.update(connection.execute(select(_C.receipt_id).where(_C.receipt_id.in_(batch))).scalars())
    return found
