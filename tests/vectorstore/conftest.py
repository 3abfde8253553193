"""One Milvus server for all tests of this folder, started for the first that asks for it."""

from collections.abc import Iterator

import pytest
from milvus_server import CannotStart, Server, milvus_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Data that was dropped is collected within seconds here, not within hours as by default."""
    try:
        with milvus_server(tmp_path_factory.mktemp("server"), dataCoord__gc__interval=2, dataCoord__gc__dropTolerance=4) as started:
            yield started
    except CannotStart as error:
        pytest.skip(f"no Milvus server: {error}")
