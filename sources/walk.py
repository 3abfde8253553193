"""Every file of a folder that may be a document, following links only where they stay inside."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import StoreUnavailable

_JUNK = frozenset({"thumbs.db", "desktop.ini", "__macosx", "ragkeep.yaml"})


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file: its path from the root, as the disk names it, and its status; no status if it is a link that is not followed."""

    path: str
    status: os.stat_result | None


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    """From the root, ending in a slash; empty for the root."""
    real: str
    left: tuple[str, ...]
    """Real paths of the folders that were left by a link on the way to it."""


def walk(root: Path, /, *, leave: Callable[[str], bool]) -> Iterator[Found]:
    """Files below `root`, without hidden ones, the junk of operating systems and folders to `leave`. Complete, or StoreUnavailable.

    What vanishes meanwhile is left out. A link that points nowhere or outside is told, not followed. A folder is entered through
    links once and never from within itself, so loops end.
    """
    real = os.path.realpath(root)
    linked: set[str] = set()
    waiting = [_Folder("", real, ())]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(root, folder):
            if is_junk(entry.name):
                continue
            path, status = folder.path + entry.name, _status(entry, real)
            if status is None:
                if entry.is_symlink():
                    yield Found(path, None)
            elif stat.S_ISREG(status.st_mode):
                yield Found(path, status)
            elif stat.S_ISDIR(status.st_mode) and not leave(path):
                waiting += _entered(folder, entry, linked)


def is_junk(name: str, /) -> bool:
    """Whether a file or folder of this name is hidden, or the junk of an operating system or an editor."""
    return name.startswith((".", "~$")) or name.casefold() in _JUNK


def is_inside(real_root: str, path: str, /) -> bool:
    """Whether a path, its links followed, is the root or lies in it."""
    return _holds(real_root, os.path.realpath(path))


def _entries(root: Path, folder: _Folder) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(os.path.join(root, folder.path)) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except FileNotFoundError:
        if folder.path:
            return []
        raise StoreUnavailable(f"{root}: the folder is gone. Is its disk mounted?") from None
    except OSError as error:  # half a listing would look like deletions
        raise StoreUnavailable(f"{os.path.join(root, folder.path)}: {error.strerror}. Make the folder readable, or exclude it") from None


def _status(entry: os.DirEntry[str], real_root: str) -> os.stat_result | None:
    try:
        return None if entry.is_symlink() and not is_inside(real_root, entry.path) else entry.stat()
    except OSError:  # vanished, or a link to nowhere or to itself
        return None


def _entered(folder: _Folder, entry: os.DirEntry[str], linked: set[str]) -> list[_Folder]:
    path = f"{folder.path}{entry.name}/"
    if not entry.is_symlink():
        return [_Folder(path, os.path.join(folder.real, entry.name), folder.left)]
    real, left = os.path.realpath(entry.path), (*folder.left, folder.real)
    if real in linked or any(_holds(real, place) for place in left):
        return []
    linked.add(real)
    return [_Folder(path, real, left)]


def _holds(real_folder: str, real_path: str) -> bool:
    return real_path == real_folder or real_path.startswith(real_folder.rstrip(os.sep) + os.sep)
