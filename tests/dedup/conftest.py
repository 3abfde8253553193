import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from postgres_server import CannotStart, Server, postgres_server
from sqlalchemy import Engine

from ledger.database import open_sqlite
from ledger.postgres import open_postgres


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that removes old parts of its log instead of using them again, as docs/duplicates.md asks for."""
    try:
        with postgres_server(wal_recycle="off") as server:
            yield server
    except CannotStart as error:
        pytest.skip(f"no PostgreSQL server: {error}")


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Engine]]:
    """Makes an empty database with each call: a file of SQLite, or a schema of a PostgreSQL server.

    Its name never comes again: this fixture may be set up anew while the server, with all that it holds, lives on.
    """
    engines = list[Engine]()
    folder: Path = tmp_path_factory.mktemp("indexes")
    url = request.getfixturevalue("server").url if request.param == "postgres" else ""

    def make() -> Engine:
        name = f"index_{secrets.token_hex(8)}"
        engines.append(open_postgres(url, name) if url else open_sqlite(folder / name))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()
