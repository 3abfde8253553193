"""Physical erasure: whether files still hold deleted rows, the live rows copied to where none ever were, and what is left swept away."""

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from configs.faults import reach
from contracts.errors import StoreUnavailable
from vectorstore.connection import SECONDS, shown
from vectorstore.messages import read_pages, to_messages

_COLLECTIONS = "collections"


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

    def carry() -> Iterator[pl.DataFrame]:
        for page in read_pages(client, uri, source, dimensions):
            for message in to_messages(page, _matrix(page["vector"])):
                client.insert(target, message, timeout=SECONDS)
                reach("purge.batch")
            yield page

    told = _digest(carry())
    client.flush(target, timeout=SECONDS)
    if told != _digest(read_pages(client, uri, target, dimensions)):
        raise StoreUnavailable(
            f"milvus at {shown(uri)}: the copy is not what was copied, so nothing was dropped. Is its disk sound? Try again."
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


def _accounts_for(folder: Path, rows: int) -> bool:
    """Whether the files below are data files with so many rows, indexes of these, and nothing else that could hold a row."""
    stored, known = 0, set()
    for path in folder.glob("partitions/*/data/*"):
        stored += pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
        known.add(path.stem)
    others = [path for path in folder.glob("partitions/*/*/*") if path.parent.name != "data"]
    indexes = all(path.parent.name == "indexes" and path.name.partition(".")[0] in known for path in others)
    return stored == rows and indexes and not any(folder.glob("wal/*"))


def _digest(pages: Iterable[pl.DataFrame]) -> tuple[bytes, bytes]:
    """Of every field and of every vector, in the order of the ids, wherever the pages begin: a server cuts them as it likes."""
    fields, vectors = hashlib.sha256(), hashlib.sha256()
    for page in pages:
        written = BytesIO()
        page.drop("vector").write_ndjson(written)
        fields.update(written.getbuffer())
        vectors.update(_matrix(page["vector"]).tobytes())
    return fields.digest(), vectors.digest()


def _matrix(vectors: pl.Series) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.asarray(vectors.explode().to_numpy(), dtype=np.float32).reshape(len(vectors), -1)


def _sync_folder(folder: Path) -> None:
    """A removal is on disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
