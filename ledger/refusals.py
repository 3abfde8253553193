"""What was built and refused: of which settings, by which model, when and why."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Engine, String, Table, select, update

from ledger.columns import LEDGER, Moment
from ledger.database import upsert, writing

_REFUSED = Table(
    "refusals",
    LEDGER,
    Column("key", String(32), primary_key=True),
    Column("model", String(32), nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", String, nullable=False),
    Column("holds", Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal. While it `holds`, settings of this `key` are not tried again by themselves."""

    key: str
    model: str
    """Fingerprint of the model that was refused."""
    at: datetime
    reason: str
    holds: bool = True


class Refusals:
    """The last refusal of each key."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, refusal: Refusal, /) -> None:
        """It is known; an earlier one of the same key is replaced."""
        with writing(self._engine) as connection:
            upsert(connection, _REFUSED, [asdict(refusal)])

    def holding(self) -> list[Refusal]:
        """Those that hold, newest first."""
        return [refusal for refusal in self.all() if refusal.holds]

    def lift(self) -> None:
        """None holds any more; they stay known. Writes nothing where none did."""
        if self.holding():
            with writing(self._engine) as connection:
                connection.execute(update(_REFUSED).values(holds=False))

    def all(self) -> list[Refusal]:
        """Newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_REFUSED).order_by(_REFUSED.c.at.desc(), _REFUSED.c.key)).mappings().all()
        return [Refusal(**row) for row in rows]
