"""Physical erasure: whether files still hold deleted rows, the live rows copied to where none ever were, and what is left swept away."""

import hashlib
import os
import re
import shutil
from collections.abc import Collection
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from tenacity import RetryError, retry, retry_if_result, stop_after_delay, wait_fixed

from configs.faults import reach
from contracts.errors import StoreUnavailable
from vectorstore.connection import SECONDS
from vectorstore.messages import read_pages, to_messages

_COLLECTIONS = "collections"
_COMPACTION_SECONDS = 30


def holds_dead_rows(client: Any, uri: str, name: str, /) -> bool:
    """Whether Milvus Lite's files of a collection hold more than its live rows: anything unexpected counts as such.

    What lies on disk is asked, no mark that a crash could lose: the rows of all data files must be as many as the collection counts,
    with no list of deletions, no log of writes and no index but those of these files beside them.
    """
    client.flush(name, timeout=SECONDS)
    rows = client.query(name, filter="", output_fields=["count(*)"], consistency_level="Strong", timeout=SECONDS)[0]["count(*)"]
    folder = Path(uri) / _COLLECTIONS / name
    try:
        return not _accounts_for(folder, int(rows))
    except (OSError, pl.exceptions.PolarsError):  # a file that vanished or changed while it was read
        return True


def copy_rows(client: Any, uri: str, source: str, target: str, dimensions: int, /) -> None:
    """Every row of `source` is in `target`, an empty collection, to the bit and ready to be searched. Else StoreUnavailable."""
    told = []
    for page in read_pages(client, uri, source, dimensions):
        told.append(_digest(page))
        for message in to_messages(page, _matrix(page["vector"])):
            client.insert(target, message, timeout=SECONDS)
            reach("purge.batch")
    client.flush(target, timeout=SECONDS)
    if told != [_digest(page) for page in read_pages(client, uri, target, dimensions)]:
        raise StoreUnavailable(
            f"milvus lite in {uri}: the copy is not what was copied, so nothing was dropped. Is the disk sound? Try again."
        )


def sweep_leftovers(uri: str, alias: str, listed: Collection[str], /) -> None:
    """Milvus Lite forgets a collection that it was killed in the middle of dropping or making: its folder goes here."""
    root = Path(uri) / _COLLECTIONS
    ours = re.compile(re.escape(alias) + "_[0-9a-f]{8}")
    for folder in root.iterdir() if root.is_dir() else ():
        if ours.fullmatch(folder.name) and folder.name not in listed:
            shutil.rmtree(folder)
    if root.is_dir():
        _sync_folder(root)


def request_compaction(client: Any, name: str, /) -> str:
    """`pending`, once a server has compacted or half a minute has passed: it frees the bytes when its garbage collection comes."""
    client.flush(name, timeout=SECONDS)
    job = client.compact(name, timeout=SECONDS)
    poll = retry(
        retry=retry_if_result(lambda state: state != "Completed"), wait=wait_fixed(0.5), stop=stop_after_delay(_COMPACTION_SECONDS)
    )
    with suppress(RetryError):
        poll(client.get_compaction_state)(job, timeout=SECONDS)
    return "pending"


def _accounts_for(folder: Path, rows: int) -> bool:
    """Whether the files below are data files with so many rows, indexes of these, and nothing else that could hold a row."""
    stored, known = 0, set()
    for path in folder.glob("partitions/*/data/*"):
        stored += pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
        known.add(path.stem)
    others = [path for path in folder.glob("partitions/*/*/*") if path.parent.name != "data"]
    indexes = all(path.parent.name == "indexes" and path.name.partition(".")[0] in known for path in others)
    return stored == rows and indexes and not any(folder.glob("wal/*"))


def _digest(page: pl.DataFrame) -> bytes:
    """Of every id, field and vector of a page. Both collections are read in the order of their ids, so equal rows make equal pages."""
    written = BytesIO()
    page.write_ipc(written)
    return hashlib.sha256(written.getbuffer()).digest()


def _matrix(vectors: pl.Series) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.asarray(vectors.explode().to_numpy(), dtype=np.float32).reshape(len(vectors), -1)


def _sync_folder(folder: Path) -> None:
    """A removal is on disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
