"""What only a server can get wrong: bytes that stay in its files, other tables in its database, and an address without a server."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import polars as pl
import psycopg
import pytest
from postgres_server import Server, begin_log_file
from pydantic import ValidationError

from configs.settings import DedupSettings, Settings
from configs.stores import StoreSettings
from contracts.errors import StoreUnavailable
from flows.workspace import open_workspace
from ledger.duplicates import DuplicateIndex
from ledger.postgres import open_postgres

NUMBERS = count()
GONE, STAYS = "f" * 31 + "a", "e" * 31 + "b"
TEXTS = pl.DataFrame(
    {
        "text_key": [GONE, STAYS],
        "document_id": ["d1", "d2"],
        "text": ["all keys return to the owner of the house when the lease ends", "bees keep warm by shivering in winter"],
    }
)


@pytest.fixture
def schema() -> str:
    return f"of_a_server_{next(NUMBERS)}"


def test_a_purge_leaves_a_forgotten_text_in_the_log_alone_and_says_pending_until_the_log_is_let_go(
    server: Server, schema: str, administrator: psycopg.Connection
) -> None:
    index = DuplicateIndex(open_postgres(server.url, schema), DedupSettings())
    assert index.purge() == "purged"
    begin_log_file(administrator)
    index.add(TEXTS)
    administrator.execute("ANALYZE")
    administrator.execute("CHECKPOINT")
    assert server.parts_with(GONE.encode()) == {"base", "pg_wal"}
    index.forget(["d1"])
    administrator.execute("CHECKPOINT")
    assert "base" in server.parts_with(GONE.encode())
    assert index.purge() == "pending"
    assert server.parts_with(GONE.encode()) == {"pg_wal"}
    assert index.purge() == "pending"
    for _ in range(2):
        administrator.execute("SELECT pg_switch_wal()")
        administrator.execute("CHECKPOINT")
    assert server.parts_with(GONE.encode()) == set()
    assert server.parts_with(STAYS.encode()) == {"base"}
    index.close()
    by_the_word_of_its_keeper = DuplicateIndex(open_postgres(server.url, schema), DedupSettings(), frees_after=0)
    assert by_the_word_of_its_keeper.purge() == "purged"
    assert by_the_word_of_its_keeper.purge() == "purged"
    by_the_word_of_its_keeper.close()


def test_two_indexes_and_the_tables_of_others_have_room_in_one_database(
    server: Server, schema: str, administrator: psycopg.Connection
) -> None:
    administrator.execute("CREATE TABLE IF NOT EXISTS public.member (of_a_club text)")
    indexes = [DuplicateIndex(open_postgres(server.url, f"{schema}_{name}"), DedupSettings()) for name in ("one", "other")]
    indexes[0].add(TEXTS)
    assert [index.size() for index in indexes] == [2, 0]
    indexes.append(DuplicateIndex(open_postgres(server.url, f"{schema}_one"), DedupSettings(threshold=0.5)))
    assert indexes[2].emptied
    assert administrator.execute("SELECT count(*) FROM public.member").fetchone() == (0,)
    for index in indexes:
        index.close()


def test_a_workspace_finds_its_index_again_and_erases_in_it(server: Server, tmp_path: Path) -> None:
    settings, now = Settings(stores=StoreSettings(duplicates_url=server.url)), datetime(2026, 3, 1, tzinfo=UTC)
    with open_workspace(tmp_path / "ws", settings, base=tmp_path, command="test", now=now) as workspace:
        workspace.duplicates.replace(TEXTS, ["d1", "d2"])
    with open_workspace(tmp_path / "ws", settings, base=tmp_path, command="test", now=now) as workspace:
        assert workspace.duplicates in workspace.copies
        assert workspace.duplicates.forget(["d1"]).before == 1
        assert workspace.duplicates.missing(TEXTS["text_key"]) == {GONE}
    assert not (tmp_path / "ws" / "duplicates.sqlite").exists()


def test_where_no_server_answers_one_line_says_so_without_a_secret(tmp_path: Path) -> None:
    with pytest.raises(
        StoreUnavailable, match=r"postgresql://me:\*\*\*@/d\?host=.*Is the server up, and may this user make a schema"
    ) as error:
        open_postgres(f"postgresql://me:hush@/d?host={tmp_path}", "any")
    assert "hush" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_server_that_goes_is_an_unavailable_store(server: Server, schema: str, administrator: psycopg.Connection) -> None:
    index = DuplicateIndex(open_postgres(server.url, schema), DedupSettings())
    administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = 'tester'")
    with pytest.raises(StoreUnavailable, match=r"postgres: .*Is the server up\?"):
        index.size()
    assert index.size() == 0
    index.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:hush@host/d", "holds a password"),
        ("postgresql://me@host/d?password=hush", "holds a password"),
        ("sqlite:///file", "not the address of a PostgreSQL server"),
    ],
)
def test_an_address_with_a_password_or_of_something_else_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        StoreSettings(duplicates_url=url)
