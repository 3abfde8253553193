"""How much a vector cache was asked for and had, over all runs: by workspace and model, and of no single text."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from ledger.database import upsert
from ledger.vector_tables import ASKED


@dataclass(frozen=True, slots=True)
class Asked:
    """Distinct texts of each batch that was to be embedded, summed."""

    model: str
    """Its fingerprint."""
    asked: int
    had: int
    from_others: int
    """Of those that it had, which another workspace alone had embedded: without sharing they would not have been there."""
    last_on: date


def note_asked(connection: Connection, workspace: str, more: Asked, /) -> None:
    """Add to the counts of a model. The transaction must hold the write lock, since it reads them first."""
    if not more.asked:
        return
    of_model = (ASKED.c.workspace == workspace, ASKED.c.model == more.model)
    known = connection.execute(select(ASKED).where(*of_model)).one_or_none()
    sums = {name: getattr(more, name) + getattr(known, name, 0) for name in ("asked", "had", "from_others")}
    upsert(connection, ASKED, [{"workspace": workspace, "model": more.model, **sums, "last_on": more.last_on.isoformat()}])


def read_asked(connection: Connection, /) -> Iterator[tuple[str, Asked]]:
    """(workspace, counts), by workspace, its latest model first."""
    for row in connection.execute(select(ASKED).order_by(ASKED.c.workspace, ASKED.c.last_on.desc(), ASKED.c.model)):
        yield row.workspace, Asked(row.model, row.asked, row.had, row.from_others, date.fromisoformat(row.last_on))
