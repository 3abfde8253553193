"""Sources that a command named and the settings do not: remembered, so that a later run still knows them."""

from typing import Any

from sqlalchemy import JSON, Column, Engine, String, Table, delete, select

from ledger.columns import LEDGER
from ledger.database import upsert, writing

_SOURCE = Table(
    "source",
    LEDGER,
    Column("name", String, primary_key=True),
    Column("settings", JSON, nullable=False),
)


class SourceRegistry:
    """Name to settings, as the JSON object that the settings model takes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, name: str, settings: dict[str, Any], /) -> None:
        """The name means these settings from now on; nothing is written where it already did."""
        if self.get(name) != settings:
            with writing(self._engine) as connection:
                upsert(connection, _SOURCE, [{"name": name, "settings": settings}])

    def get(self, name: str, /) -> dict[str, Any] | None:
        """The settings of one source, None if it is not known."""
        with self._engine.connect() as connection:
            settings: dict[str, Any] | None = connection.execute(
                select(_SOURCE.c.settings).where(_SOURCE.c.name == name)
            ).scalar_one_or_none()
        return settings

    def all(self) -> dict[str, dict[str, Any]]:
        """Every source by name, in order of name."""
        with self._engine.connect() as connection:
            return {row.name: row.settings for row in connection.execute(select(_SOURCE).order_by(_SOURCE.c.name))}

    def remove(self, name: str, /) -> None:
        """The name means nothing any more."""
        with writing(self._engine) as connection:
            connection.execute(delete(_SOURCE).where(_SOURCE.c.name == name))
