"""How the suite is shared out, and the databases that several rooms are tested with."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from postgres_server import CannotStart, Server, postgres_server
from sqlalchemy import Engine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no worker is left with one when the others have done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that removes old parts of its log instead of using them again, as docs/duplicates.md asks for."""
    try:
        with postgres_server(wal_recycle="off") as server:
            yield server
    except CannotStart as error:
        pytest.skip(f"no PostgreSQL server: {error}")


@pytest.fixture
def administrator(server: Server) -> Iterator[psycopg.Connection]:
    """A connection to the server that commits each statement."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Engine]]:
    """Makes an empty database with each call: a file of SQLite, or a schema of a PostgreSQL server.

    Its name never comes again: this fixture may be set up anew while the server, with all that it holds, lives on.
    """
    from ledger.database import open_sqlite
    from ledger.postgres import open_postgres

    engines = list[Engine]()
    folder: Path = tmp_path_factory.mktemp("databases")
    url = request.getfixturevalue("server").url if request.param == "postgres" else ""

    def make() -> Engine:
        name = f"database_{secrets.token_hex(8)}"
        engines.append(open_postgres(url, name) if url else open_sqlite(folder / name))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()
