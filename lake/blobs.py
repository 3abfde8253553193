"""Bronze bytes: one encrypted file per version of a document, written whole or not at all."""

import os
import re
import tempfile
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from configs.faults import reach
from contracts.errors import StoreUnavailable, UnreadableDocument
from contracts.ids import ID_PATTERN
from contracts.results import Forgotten
from lake.sealing import Sealer

_UNFINISHED = ".part"
_THREADS = 16
"""A disk takes many flushes at once in little more than the time of one."""


@dataclass(frozen=True, slots=True)
class BlobStore:
    """Files `FOLDER/<first 2 hex digits>/<document_id>-<version_id>`. It is a `DerivedCopy` of its documents.

    One process writes at a time (the workspace's lock): `sweep` and `purge` delete what an unfinished `put` left.
    """

    folder: Path
    sealer: Sealer
    name: str = "blobs"

    def put(self, document_id: str, version_id: str, plaintext: bytes, /) -> None:
        """Hold these bytes; see `put_many`."""
        self.put_many([(document_id, version_id, plaintext)])

    def put_many(self, documents: Sequence[tuple[str, str, bytes]], /) -> None:
        """Hold the bytes of each (document_id, version_id, plaintext), on disk when this returns.

        Killed before, it leaves of each document what was held or what is new, and perhaps a `.part` file for `sweep`.
        """
        paths = [self._path(document_id, version_id) for document_id, version_id, _ in documents]
        sealed = self.sealer.seal_many(documents)
        folders = sorted({path.parent for path in paths})
        with _told(self.folder), ThreadPoolExecutor(_THREADS) as threads:
            if made := [folder for folder in folders if not folder.is_dir()]:
                _make_folders(made, self.folder)
            deque(threads.map(_write_whole, paths, sealed), maxlen=0)
            deque(threads.map(_sync_folder, folders), maxlen=0)

    def get(self, document_id: str, version_id: str, /) -> bytes:
        """The bytes that were put. Raises UnreadableDocument where they are missing or not those that were sealed."""
        path = self._path(document_id, version_id)
        with _told(path.parent):
            try:
                sealed = path.read_bytes()
            except FileNotFoundError:
                raise UnreadableDocument(
                    f"document {document_id}, version {version_id}: no blob in {self.folder}. Ingest it again from its source"
                ) from None
        return self.sealer.open(document_id, version_id, sealed)

    def documents(self) -> set[str]:
        """Every document that has a file here, unfinished ones included."""
        with _told(self.folder):
            return {path.name.partition("-")[0] for path in self.folder.glob("*/*")}

    def keep_only(self, document_id: str, version_ids: Collection[str], /) -> int:
        """How many blobs of other versions of this document were dropped; their keys are destroyed first, as in `forget`."""
        kept = {self._path(document_id, version_id).name for version_id in version_ids}
        others = [path for path in self._held([document_id]) if path.name not in kept]
        if others:
            self.sealer.keep_only(document_id, version_ids)
        return self._delete(others)

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        """Destroys the keys first: were it killed in between, what stays can be read by nobody, and is still counted."""
        before = self.count(document_ids)
        self.sealer.destroy(document_ids)
        self._delete(self._held(document_ids))
        return Forgotten(self.name, before, self.count(document_ids))

    def count(self, document_ids: Collection[str], /) -> int:
        """Files held of these documents, unfinished ones included."""
        return len(self._held(document_ids))

    def purge(self) -> str:
        """Forgotten files are gone already, and unreadable in any backup; this removes what killed processes left."""
        self.sweep()
        return "purged"

    def sweep(self) -> int:
        """How many unfinished files of killed processes were removed."""
        with _told(self.folder):
            return self._delete(list(self.folder.glob(f"*/*{_UNFINISHED}")))

    def _held(self, document_ids: Collection[str]) -> list[Path]:
        wanted: dict[Path, set[str]] = {}
        for document_id in document_ids:
            wanted.setdefault(self._path(document_id, document_id).parent, set()).add(document_id)
        held = []
        for folder, names in sorted(wanted.items()):
            with _told(folder):
                entries = sorted(os.listdir(folder)) if folder.is_dir() else []
            held += [folder / entry for entry in entries if entry.partition("-")[0] in names]
        return held

    def _path(self, document_id: str, version_id: str) -> Path:
        if not (re.fullmatch(ID_PATTERN, document_id) and re.fullmatch(ID_PATTERN, version_id)):
            raise ValueError("a blob is named by two 128-bit ids, not by anything else")
        return self.folder / document_id[:2] / f"{document_id}-{version_id}"

    def _delete(self, paths: list[Path]) -> int:
        with _told(self.folder), ThreadPoolExecutor(_THREADS) as threads:
            for path in paths:
                path.unlink(missing_ok=True)
            deque(threads.map(_sync_folder, {path.parent for path in paths}), maxlen=0)
        return len(paths)


def _write_whole(path: Path, content: bytes) -> None:
    """A reader, or a process that starts after a crash, finds the old file or the new one, never a piece of either.

    Which of the two is certain once the folder is synchronised.
    """
    descriptor, unfinished = tempfile.mkstemp(prefix=f"{path.name}.", suffix=_UNFINISHED, dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        reach("blobs.put")
        Path(unfinished).replace(path)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _make_folders(folders: list[Path], root: Path) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    _sync_folder(root)
    _sync_folder(root.parent)


def _sync_folder(folder: Path) -> None:
    """A rename or a removal is on disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{folder}: {error.strerror}. Is the folder there, writable, and the disk not full?") from None
