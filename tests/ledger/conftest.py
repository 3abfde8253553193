import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count

import pytest
from sqlalchemy import Engine

from ledger.database import open_sqlite
from ledger.migrate import migrate


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Engine]]:
    """Makes an empty, migrated `ledger` or `keys`; each call makes another one, from a template that was migrated once."""
    folder = tmp_path_factory.mktemp("databases")
    numbers, engines = count(), []
    for which in ("ledger", "keys"):
        template = open_sqlite(folder / which)
        migrate(template, which)
        template.dispose()

    def make(which: str) -> Engine:
        path = folder / f"{which}-{next(numbers)}.sqlite"
        shutil.copyfile(folder / which, path)
        engines.append(open_sqlite(path))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def ledger(new_database: Callable[[str], Engine]) -> Engine:
    return new_database("ledger")


@pytest.fixture
def noon() -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC)
