"""Backfills in partitions: which are done, so that an interrupted backfill goes on where it stopped."""

from datetime import datetime

from sqlalchemy import BigInteger, Column, Engine, String, Table, delete, select

from ledger.columns import LEDGER, Moment
from ledger.database import insert_new, writing

_DONE = Table(
    "backfill_partition",
    LEDGER,
    Column("backfill_id", String(32), primary_key=True),
    Column("partition", BigInteger, primary_key=True, autoincrement=False),
    Column("done_at", Moment, nullable=False),
)


class Backfills:
    """Done partitions by backfill; a backfill's id comes from its window and settings, so the same one asked for again is the same one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def finish(self, backfill_id: str, partition: int, at: datetime, /) -> None:
        """The partition is done."""
        with writing(self._engine) as connection:
            insert_new(connection, _DONE, [{"backfill_id": backfill_id, "partition": partition, "done_at": at}])

    def remaining(self, backfill_id: str, partitions: int, /) -> list[int]:
        """Partitions 0 ≤ p < `partitions` that are not done, in order."""
        with self._engine.connect() as connection:
            done = set(connection.execute(select(_DONE.c.partition).where(_DONE.c.backfill_id == backfill_id)).scalars())
        return [partition for partition in range(partitions) if partition not in done]

    def restart(self, backfill_id: str, /) -> None:
        """No partition is done any more."""
        with writing(self._engine) as connection:
            connection.execute(delete(_DONE).where(_DONE.c.backfill_id == backfill_id))
