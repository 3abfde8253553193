"""Brings a database to the tables that this ragkeep knows, and refuses one that a newer ragkeep has written."""

from pathlib import Path
from typing import Literal

from sqlalchemy import Engine, inspect, text

from contracts.errors import WorkspaceVersionError
from ledger.database import asking, writing

Which = Literal["ledger", "keys"]

HEADS: dict[Which, str] = {"ledger": "0009", "keys": "0002"}
"""The newest version of each database, equal to its last file in `migrations/`: read here so that a current database needs no Alembic."""


def migrate(engine: Engine, which: Which, /) -> None:
    """The database is at the newest version, all of the way or not at all. Nothing is written, nor Alembic imported, if it already was."""
    stamp = version(engine)
    head = HEADS[which]
    if stamp and stamp > head:
        remedy = "Use that ragkeep, or restore an older backup"
        raise WorkspaceVersionError(
            f"{engine.url.database}: written by a newer ragkeep (version {stamp} of the {which}; this one knows {head}). {remedy}"
        )
    if stamp != head:
        _upgrade(engine, which, head)


def version(engine: Engine, /) -> str | None:
    """The version stamped on the database, None for an empty one."""
    with asking(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        stamp: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return stamp


def _upgrade(engine: Engine, which: Which, target: str) -> None:
    # Half a second that only a new or an old workspace pays.
    from alembic import command
    from alembic.config import Config

    folder = Path(__file__).parent / "migrations"
    config = Config(attributes={})
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", _escaped(folder))
    config.set_main_option("version_locations", _escaped(folder / which))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, target)


def _escaped(path: Path) -> str:
    """Alembic's settings are INI: a per cent sign starts an interpolation there."""
    return str(path).replace("%", "%%")
