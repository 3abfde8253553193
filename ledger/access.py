"""The sets of access terms that rows of the index carry as one key, so that a reader can be resolved to the keys they open."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import JSON, Column, Engine, String, Table, select

from ledger.columns import LEDGER
from ledger.database import asking, insert_new, writing

_ACCESS = Table(
    "access_terms",
    LEDGER,
    Column("access_key", String(32), primary_key=True),
    Column("groups", JSON, nullable=False),
    Column("classification", String, nullable=False),
    Column("purposes", JSON, nullable=False),
)


@dataclass(frozen=True, slots=True)
class AccessTerms:
    """What one access key stands for; groups and purposes sorted, no groups means everyone whose clearance reaches the classification."""

    access_key: str
    groups: tuple[str, ...]
    classification: str
    purposes: tuple[str, ...]


class Access:
    """Every set of access terms that was ever admitted. They name no document and no person."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put_many(self, terms: Iterable[AccessTerms], /) -> None:
        """These are known from now on; nothing is written where they already were."""
        known = {entry.access_key for entry in self.all()}
        new = {entry.access_key: entry for entry in terms if entry.access_key not in known}
        if new:
            with writing(self._engine) as connection:
                insert_new(connection, _ACCESS, [_row(entry) for entry in new.values()])

    def all(self) -> list[AccessTerms]:
        """All of them, in order of key."""
        with asking(self._engine) as connection:
            rows = connection.execute(select(_ACCESS).order_by(_ACCESS.c.access_key)).all()
        return [AccessTerms(row.access_key, tuple(row.groups), row.classification, tuple(row.purposes)) for row in rows]


def _row(entry: AccessTerms) -> dict[str, object]:
    lists = {"groups": sorted(entry.groups), "purposes": sorted(entry.purposes)}
    return {"access_key": entry.access_key, "classification": entry.classification, **lists}
