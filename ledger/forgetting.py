"""How a table with a `document_id` column forgets documents; behind every DerivedCopy of the ledger."""

from collections.abc import Collection

from sqlalchemy import Engine, Table, delete, func, select

from contracts.results import Forgotten
from ledger.database import batches, writing


def forget_rows(engine: Engine, table: Table, name: str, document_ids: Collection[str], /) -> Forgotten:
    """What was held before and after; all of it goes in one transaction, and nothing is written where nothing was held."""
    before = count_rows(engine, table, document_ids)
    if before:
        with writing(engine) as connection:
            for batch in batches(document_ids):
                connection.execute(delete(table).where(table.c.document_id.in_(batch)))
    return Forgotten(name, before, count_rows(engine, table, document_ids))


def count_rows(engine: Engine, table: Table, document_ids: Collection[str], /) -> int:
    """Rows that these documents have in the table."""
    total = 0
    with engine.connect() as connection:
        for batch in batches(set(document_ids)):
            total += connection.execute(select(func.count()).select_from(table).where(table.c.document_id.in_(batch))).scalar_one()
    return total
