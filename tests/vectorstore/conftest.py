"""One Milvus server for all tests of this folder, started for the first that asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from milvus_server import CannotStart, Server, milvus_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """What was dropped, and what a compaction wrote while its collection was dropped, is collected within seconds here, not within hours.

    RAGKEEP_TEST_MILVUS names another server, for the tests that do not look into its folder.
    """
    if given := os.environ.get("RAGKEEP_TEST_MILVUS"):
        yield Server(given, Path("/nowhere"))
        return
    try:
        folder = tmp_path_factory.mktemp("server")
        collected = {"interval": 2, "dropTolerance": 4, "missingTolerance": 4}
        with milvus_server(folder, **{f"dataCoord__gc__{name}": seconds for name, seconds in collected.items()}) as started:
            yield started
    except CannotStart as error:
        pytest.skip(f"no Milvus server: {error}")
