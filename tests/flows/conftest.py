"""One workspace of twins a test, in memory where the system has a folder there: flushing to a disk is what takes the time."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_rig import Twin


@pytest.fixture
def folder() -> Iterator[Path]:
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def twin(folder: Path) -> Twin:
    return Twin(folder / "ws")
