"""One workspace of twins a test, in memory where the system has a folder there: flushing to a disk is what takes the time."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_rig import Twin
from two_models import filled


def in_memory() -> tempfile.TemporaryDirectory:
    shared = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)


@pytest.fixture
def folder() -> Iterator[Path]:
    with in_memory() as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def filled_once() -> Iterator[Path]:
    """The folder around a workspace on Milvus Lite that the small one of two models filled. Only to be copied."""
    with in_memory() as folder:
        filled(Path(folder) / "ws")
        yield Path(folder)


@pytest.fixture
def root(filled_once: Path, folder: Path) -> Path:
    """A copy of that workspace, to be changed at will."""
    shutil.copytree(filled_once, folder, dirs_exist_ok=True)
    return folder / "ws"


@pytest.fixture
def twin(folder: Path) -> Twin:
    return Twin(folder / "ws")
