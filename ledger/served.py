"""Models that an index was made with: how to open each again, since when it answers, and by which chunking."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Engine, String, Table, select, update

from contracts.ports import ModelIdentity
from ledger.columns import LEDGER, Moment
from ledger.database import insert_new, writing

_SERVED = Table(
    "served_models",
    LEDGER,
    Column("fingerprint", String(32), primary_key=True),
    Column("settings", JSON, nullable=False),
    Column("identity", JSON, nullable=False),
    Column("known_since", Moment, nullable=False),
    Column("answers_since", Moment),
    Column("answered_until", Moment),
    Column("keeps_before", Boolean, nullable=False),
    Column("chunking", JSON),
)

_ANSWERS = _SERVED.c.answers_since.is_not(None) & _SERVED.c.answered_until.is_(None)


@dataclass(frozen=True, slots=True)
class Served:
    """One model. It answers, where `answers_since` is stated and `answered_until` is not."""

    fingerprint: str
    settings: dict[str, Any]
    identity: ModelIdentity
    known_since: datetime
    answers_since: datetime | None
    answered_until: datetime | None
    keeps_before: bool
    """The collection that it replaced is kept still."""
    chunking: dict[str, Any] | None = None
    """By which its index was cut last; None where nobody noted it."""


class ServedModels:
    """At most one answers at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, fingerprint: str, settings: dict[str, Any], identity: ModelIdentity, at: datetime, /) -> None:
        """The model is known; the first one that ever was answers. Writes nothing where it was known already."""
        if self.get(fingerprint) is not None:
            return
        row = {"fingerprint": fingerprint, "settings": settings, "identity": asdict(identity), "known_since": at, "keeps_before": False}
        with writing(self._engine) as connection:
            first = connection.execute(select(_SERVED.c.fingerprint)).first() is None
            insert_new(connection, _SERVED, [{**row, "answers_since": at if first else None, "answered_until": None}])

    def answering(self) -> str | None:
        """The fingerprint of the model that answers, None before the first."""
        with self._engine.connect() as connection:
            return connection.execute(select(_SERVED.c.fingerprint).where(_ANSWERS)).scalar_one_or_none()

    def get(self, fingerprint: str, /) -> Served | None:
        """One model, None of one that was never noted."""
        return next((one for one in self.all() if one.fingerprint == fingerprint), None)

    def begin(self, fingerprint: str, at: datetime, /) -> None:
        """This model, which is known, answers from now on, and the collection that it replaced is kept."""
        with writing(self._engine) as connection:
            connection.execute(update(_SERVED).where(_ANSWERS).values(answered_until=at, keeps_before=False))
            values = {"answers_since": at, "answered_until": None, "keeps_before": True}
            connection.execute(update(_SERVED).where(_SERVED.c.fingerprint == fingerprint).values(**values))

    def cut_by(self, fingerprint: str, chunking: dict[str, Any], /) -> None:
        """The index of this model, which is known, is cut by these settings. Writes nothing where that was known already."""
        of_model = _SERVED.c.fingerprint == fingerprint
        with self._engine.connect() as connection:
            known = connection.execute(select(_SERVED.c.chunking).where(of_model)).scalar_one_or_none()
        if known != chunking:
            with writing(self._engine) as connection:
                connection.execute(update(_SERVED).where(of_model).values(chunking=chunking))

    def replaced_at(self) -> datetime | None:
        """When the collection that is kept was replaced, None where none is."""
        with self._engine.connect() as connection:
            return connection.execute(select(_SERVED.c.answers_since).where(_SERVED.c.keeps_before)).scalar_one_or_none()

    def forget_replaced(self) -> None:
        """None is kept any more."""
        with writing(self._engine) as connection:
            connection.execute(update(_SERVED).values(keeps_before=False))

    def all(self) -> list[Served]:
        """In the order in which they became known."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_SERVED).order_by(_SERVED.c.known_since, _SERVED.c.fingerprint)).mappings().all()
        return [Served(**{**row, "identity": ModelIdentity(**row["identity"])}) for row in rows]
