"""What only a server can get wrong of a vector cache: bytes that stay in its files, and which workspace finds which cache."""

import json
import threading
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from postgres_server import Server, begin_log_file
from share_in_process import put, sharing, vector_of

from configs.settings import Settings
from configs.stores import StoreSettings
from contracts.errors import KeyFileError
from flows.receipt import issue_receipt
from flows.workspace import Workspace, open_workspace
from ledger.postgres import open_postgres
from ledger.vectors import VectorCache

NUMBERS = count()
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LARGE = 1024
"""Dimensions of vectors that a server keeps beside their rows."""


@pytest.fixture
def schema() -> str:
    return f"vectors_of_a_server_{next(NUMBERS)}"


def _bytes(key: str) -> bytes:
    return bytes(vector_of(key, LARGE).tobytes()[:64])


def test_a_purge_leaves_a_forgotten_vector_in_the_log_alone_and_is_pending_until_the_log_is_let_go(
    server: Server, schema: str, administrator: psycopg.Connection
) -> None:
    one, other = (VectorCache(open_postgres(server.url, schema), sharing(name)) for name in ("one", "other"))
    begin_log_file(administrator)
    put(one, ("goes", "d"), ("stays", "d"), dimensions=LARGE)
    other.take([("stays", "e")], model="m", on=date(2026, 3, 1))
    administrator.execute("ANALYZE")
    administrator.execute("CHECKPOINT")
    one.forget(["d"])
    administrator.execute("CHECKPOINT")
    assert "base" in server.parts_with(_bytes("goes"))
    assert one.purge() == "pending"
    assert server.parts_with(_bytes("goes")) == {"pg_wal"}
    assert server.parts_with(_bytes("stays")) >= {"base"}
    assert other.purge() == "pending", "what one of them is owed, all are"
    one.close()
    other.close()
    stated = VectorCache(open_postgres(server.url, schema), sharing("one"), frees_after=0)
    assert (stated.purge(), stated.purge()) == ("purged", "purged")
    stated.close()


def test_what_one_workspace_forgets_while_another_purges_is_freed_by_the_next_purge(
    server: Server, schema: str, administrator: psycopg.Connection
) -> None:
    one, other = (VectorCache(open_postgres(server.url, schema), sharing(name), frees_after=0) for name in ("one", "other"))
    put(one, ("first", "d"), dimensions=LARGE)
    put(other, ("second", "document of other"), dimensions=LARGE)
    one.forget(["d"])
    purging, forgetting = (threading.Thread(target=what) for what in (one.purge, lambda: other.forget(["document of other"])))
    with psycopg.connect(server.url) as reader:  # in the way of the last table, when the others were written anew
        reader.execute(f"SELECT FROM {schema}.vectors")
        purging.start()
        purging.join(0.5)
        forgetting.start()
        forgetting.join(0.5)
        assert purging.is_alive()
        assert forgetting.is_alive()
    purging.join(30)
    forgetting.join(30)
    administrator.execute("CHECKPOINT")
    assert "base" in server.parts_with(b"document of other")
    assert other.purge() == "purged"
    for needle in (_bytes("first"), _bytes("second"), b"document of other"):
        assert server.parts_with(needle) <= {"pg_wal"}
    one.close()
    other.close()


def _opened(folder: Path, name: str, **stores: Any) -> Any:
    return open_workspace(folder / name, Settings(stores=StoreSettings(**stores)), base=folder, command="test", now=NOW)


def _put(workspace: Workspace, key: str) -> None:
    workspace.vectors.put([key], np.stack([vector_of(key)]), [(key, "d")])


def test_workspaces_on_a_server_share_by_a_common_key_and_else_each_has_its_own(server: Server, tmp_path: Path) -> None:
    for name in ("one", "other"):
        with _opened(tmp_path, name, vectors=server.url) as alone:
            _put(alone, name)
            assert alone.vectors.get(["one", "other"]).keys() == {name}
            assert alone.vectors.sharer.addresses == alone.identity
            assert not (alone.root / "vectors.sqlite").exists()
    with _opened(tmp_path, "one", vectors=server.url, vectors_key_file="common.key") as first:
        _put(first, "k")
    with _opened(tmp_path, "other", vectors=server.url, vectors_key_file="common.key") as second:
        assert second.vectors.get(["k"]).keys() == {"k"}
        assert (second.vectors.size(), second.vectors.kept_by_others(["k"])) == (0, {"k"})
    (tmp_path / "common.key").rename(tmp_path / "away.key")
    with (
        _opened(tmp_path, "other", vectors=server.url, vectors_key_file="common.key") as lost,
        pytest.raises(KeyFileError, match=r"common\.key: the key of the vector cache is missing"),
    ):
        lost.vectors.size()


def test_a_receipt_names_the_word_that_it_relies_on_where_vectors_lie_on_a_server(server: Server, tmp_path: Path) -> None:
    with _opened(tmp_path, "ws", vectors=server.url, postgres_frees_after_hours=24) as workspace:
        request = workspace.requests.record("document", "0" * 32, NOW, {"1" * 32})
        request = workspace.requests.advance(request.request_id, "deleted", NOW, ())
        receipt = json.loads(issue_receipt(workspace, request, now=NOW).read_text())
    assert receipt["relies_on"] == ["stores.postgres_frees_after_hours=24.0"]
