"""Removals that wait for a person: a source that suddenly lists much less is a fault until somebody says otherwise."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Engine, String, Table, select, update

from contracts.results import Forgotten
from ledger.columns import LEDGER, Moment
from ledger.database import checkpoint, insert_new, writing
from ledger.forgetting import count_rows, forget_rows

_WITHHELD = Table(
    "withheld_removal",
    LEDGER,
    Column("document_id", String(32), primary_key=True),
    Column("source_id", String, nullable=False),
    Column("since", Moment, nullable=False),
    Column("approved_at", Moment, nullable=True),
)


class Approvals:
    """One row a document whose removal is withheld, or approved and not yet carried out."""

    name = "approvals"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def withhold(self, source_id: str, document_ids: Collection[str], since: datetime, /) -> None:
        """These removals wait; one that waits already keeps its date, one that is approved stays approved."""
        new = sorted(set(document_ids) - self._known(source_id))
        if new:
            with writing(self._engine) as connection:
                rows = [{"document_id": document, "source_id": source_id, "since": since, "approved_at": None} for document in new]
                insert_new(connection, _WITHHELD, rows)

    def approve(self, source_id: str, at: datetime, /) -> int:
        """How many removals were waiting and may now go ahead. Later ones wait for an approval of their own."""
        with writing(self._engine) as connection:
            waiting = (_WITHHELD.c.source_id == source_id) & _WITHHELD.c.approved_at.is_(None)
            return connection.execute(update(_WITHHELD).where(waiting).values(approved_at=at)).rowcount

    def withheld(self, source_id: str, /) -> dict[str, datetime]:
        """Documents whose removal waits, each with the moment since when."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_WITHHELD).where(_WITHHELD.c.source_id == source_id, _WITHHELD.c.approved_at.is_(None)))
            return {row.document_id: row.since for row in rows}

    def approved(self, source_id: str, /) -> set[str]:
        """Documents whose removal may go ahead."""
        return self._known(source_id, _WITHHELD.c.approved_at.is_not(None))

    def clear(self, document_ids: Collection[str], /) -> None:
        """These were removed, or are listed again: nothing waits for them any more."""
        forget_rows(self._engine, _WITHHELD, self.name, document_ids)

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        return forget_rows(self._engine, _WITHHELD, self.name, document_ids)

    def count(self, document_ids: Collection[str], /) -> int:
        return count_rows(self._engine, _WITHHELD, document_ids)

    def purge(self) -> str:
        return "purged" if checkpoint(self._engine) else "pending"

    def _known(self, source_id: str, *which: Any) -> set[str]:
        with self._engine.connect() as connection:
            return set(connection.execute(select(_WITHHELD.c.document_id).where(_WITHHELD.c.source_id == source_id, *which)).scalars())
