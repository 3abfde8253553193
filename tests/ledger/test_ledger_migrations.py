import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

import ledger
from contracts.errors import StoreUnavailable, WorkspaceVersionError
from ledger import migrate as migrations
from ledger.columns import KEYS, LEDGER
from ledger.database import open_sqlite

for module in pkgutil.iter_modules(ledger.__path__):
    importlib.import_module(f"ledger.{module.name}")

TABLES = {"ledger": LEDGER, "keys": KEYS}
REVISIONS = {
    which: sorted(path.stem[1:5] for path in (Path(migrations.__file__).parent / "migrations" / which).glob("v*.py")) for which in TABLES
}
STARTS = [(which, start) for which in TABLES for start in (None, *REVISIONS[which])]


def schema(engine):
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")).all())


@pytest.fixture
def opened(tmp_path):
    engines = []

    def open_database(name="database.sqlite"):
        engines.append(open_sqlite(tmp_path / name))
        return engines[-1]

    yield open_database
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("which", TABLES)
def test_head_is_the_last_migration(which):
    assert REVISIONS[which][-1] == migrations.HEADS[which]


@pytest.mark.parametrize(("which", "start"), STARTS)
def test_migrations_from_any_earlier_state_make_exactly_the_tables_of_the_code(opened, which, start):
    engine = opened()
    if start:
        migrations._upgrade(engine, which, start)
        assert migrations.version(engine) == start
    migrations.migrate(engine, which)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), TABLES[which]) == []
    fresh = opened("fresh.sqlite")
    migrations.migrate(fresh, which)
    assert schema(engine) == schema(fresh)


def test_rows_written_before_a_migration_are_there_after_it(opened):
    engine = opened()
    migrations._upgrade(engine, "ledger", "0001")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO suppression VALUES (1, 'document', 'd', 'r', 5)"))
    migrations.migrate(engine, "ledger")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM suppression")).all() == [(1, "document", "d", "r", 5)]


def test_a_database_written_by_a_newer_ragkeep_is_refused_naming_both_versions(opened):
    engine = opened()
    migrations.migrate(engine, "ledger")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0042'"))
    known = migrations.HEADS["ledger"]
    with pytest.raises(
        WorkspaceVersionError, match=rf"database\.sqlite: written by a newer ragkeep \(version 0042 of the ledger; this one knows {known}\)"
    ):
        migrations.migrate(engine, "ledger")


def test_a_current_database_is_opened_without_importing_alembic(tmp_path):
    program = (
        "import sys; from pathlib import Path; from ledger.database import open_sqlite; from ledger.migrate import migrate\n"
        "migrate(open_sqlite(Path(sys.argv[1])), 'ledger'); print('alembic' in sys.modules)"
    )
    said = [subprocess.check_output([sys.executable, "-c", program, str(tmp_path / "l.sqlite")], text=True).strip() for _ in range(2)]
    assert said == ["True", "False"]


def test_a_migration_that_fails_leaves_the_database_as_it_was(opened, monkeypatch):
    engine = opened()
    migrations._upgrade(engine, "ledger", "0001")
    before = schema(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TRIGGER suppression_no_delete BEFORE DELETE ON suppression BEGIN SELECT 1; END"))
    in_the_way = schema(engine)
    with pytest.raises(StoreUnavailable, match="already exists"):
        migrations.migrate(engine, "ledger")
    assert schema(engine) == in_the_way != before
    assert migrations.version(engine) == "0001"


def test_a_folder_name_with_a_per_cent_sign_is_no_obstacle():
    assert migrations._escaped(Path("/a 100%/b")) == "/a 100%%/b"


def test_a_file_that_is_no_database_gives_one_clear_line(tmp_path):
    (tmp_path / "x.sqlite").write_bytes(b"not a database at all, but long enough to have a header" * 40)
    with pytest.raises(StoreUnavailable, match=r"x\.sqlite: file is not a database\. Is the folder writable"):
        open_sqlite(tmp_path / "x.sqlite")


def test_a_missing_folder_gives_one_clear_line(tmp_path):
    with pytest.raises(StoreUnavailable, match=r"ledger\.sqlite: No such file or directory\. Is the folder writable"):
        open_sqlite(tmp_path / "nowhere" / "ledger.sqlite")


def test_databases_are_readable_by_their_owner_alone(tmp_path):
    engine = open_sqlite(tmp_path / "keys.sqlite")
    migrations.migrate(engine, "keys")
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    engine.dispose()
