"""One Milvus server for all tests of this folder, started for the first that asks for it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from milvus_server import CannotStart, Server, milvus_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Data that was dropped is collected within seconds here, not within hours as by default.

    RAGKEEP_TEST_MILVUS names another server, for the tests that do not look into its folder.
    """
    if given := os.environ.get("RAGKEEP_TEST_MILVUS"):
        yield Server(given, Path("/nowhere"))
        return
    try:
        with milvus_server(tmp_path_factory.mktemp("server"), dataCoord__gc__interval=2, dataCoord__gc__dropTolerance=4) as started:
            yield started
    except CannotStart as error:
        pytest.skip(f"no Milvus server: {error}")
