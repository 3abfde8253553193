"""Erasure requests and how far each has come, so that a crash in the middle of one is taken up again."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import JSON, Column, Engine, String, Table, select, update

from contracts.errors import UsageError
from contracts.ids import fingerprint
from contracts.results import Forgotten
from ledger.columns import LEDGER, Moment
from ledger.database import insert_new, writing

State = Literal["suppressed", "deleted", "purged"]
_ORDER = get_args(State)

_REQUEST = Table(
    "erasure_request",
    LEDGER,
    Column("request_id", String(32), primary_key=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("state", String, nullable=False),
    Column("documents", JSON, nullable=False),
    Column("redacted", JSON, nullable=False, server_default="[]"),
    Column("copies", JSON, nullable=False),
    Column("suppressed_at", Moment, nullable=False),
    Column("deleted_at", Moment, nullable=True),
    Column("purged_at", Moment, nullable=True),
)


@dataclass(frozen=True, slots=True)
class Request:
    """An erasure by `kind` of selector: the opaque documents it came to, when it reached each state, what each copy held.

    The kind `returned` is of nobody's asking: what had been erased was held again.
    """

    request_id: str
    kind: str
    key: str
    state: State
    documents: tuple[str, ...]
    redacted: tuple[str, ...]
    """Documents of several people that stay without the one who is erased."""
    copies: tuple[Forgotten, ...]
    suppressed_at: datetime
    deleted_at: datetime | None
    purged_at: datetime | None


def request_id(kind: str, key: str, at: datetime, /) -> str:
    """The id of a request that is not recorded yet: suppressions name it, and are written first."""
    return fingerprint("erasure request", kind=kind, key=key, at=at.astimezone(UTC).isoformat())


class Requests:
    """All requests. A request only moves forward."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, kind: str, key: str, at: datetime, documents: Collection[str], /, *, redacted: Collection[str] = ()) -> Request:
        """The request in state `suppressed`; one that is already recorded is returned as it stands."""
        name = request_id(kind, key, at)
        row = {"request_id": name, "kind": kind, "key": key, "state": "suppressed", "suppressed_at": at, "copies": []}
        with writing(self._engine) as connection:
            insert_new(connection, _REQUEST, [{**row, "documents": sorted(documents), "redacted": sorted(redacted)}])
        return self.get(name)

    def reject(self, request: str, documents: Collection[str], /) -> Request:
        """The request after these documents, which were to be redacted or not known yet, turned out to have to go as a whole."""
        stands, gone = self.get(request), set(documents)
        lists = {"documents": sorted({*stands.documents, *gone}), "redacted": sorted({*stands.redacted} - gone)}
        if gone:
            with writing(self._engine) as connection:
                connection.execute(update(_REQUEST).where(_REQUEST.c.request_id == request).values(**lists))
        return self.get(request)

    def advance(self, request: str, state: State, at: datetime, /, copies: Iterable[Forgotten] | None = None) -> Request:
        """The request in the new state. Told the state it is in or has passed, it keeps its time and takes only the counts."""
        stands = self.get(request)
        changes: dict[str, Any] = {} if copies is None else {"copies": [asdict(copy) for copy in copies]}
        if _ORDER.index(state) > _ORDER.index(stands.state):
            changes |= {"state": state, f"{state}_at": at}
        if changes:
            with writing(self._engine) as connection:
                connection.execute(update(_REQUEST).where(_REQUEST.c.request_id == request).values(**changes))
        return self.get(request)

    def get(self, request: str, /) -> Request:
        """One request, or UsageError."""
        for found in self._read(_REQUEST.c.request_id == request):
            return found
        raise UsageError(f"erasure request {request}: there is none of that id. See: ragkeep status")

    def unfinished(self) -> list[Request]:
        """Requests whose documents may still be in some copy, oldest first."""
        return self._read(_REQUEST.c.state == "suppressed")

    def unpurged(self) -> list[Request]:
        """Requests whose bytes may still be somewhere, oldest first; the unfinished are among them."""
        return self._read(_REQUEST.c.state != "purged")

    def all(self) -> list[Request]:
        """Every request, oldest first."""
        return self._read(_REQUEST.c.state.in_(_ORDER))

    def _read(self, which: Any) -> list[Request]:
        query = select(_REQUEST).where(which).order_by(_REQUEST.c.suppressed_at, _REQUEST.c.request_id)
        with self._engine.connect() as connection:
            rows = [dict(row._mapping) for row in connection.execute(query)]
        return [Request(**row | {name: tuple(row[name]) for name in ("documents", "redacted")} | {"copies": _copies(row)}) for row in rows]


def _copies(row: dict[str, Any]) -> tuple[Forgotten, ...]:
    return tuple(Forgotten(**copy) for copy in row["copies"])
