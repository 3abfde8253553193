"""A log of JSON lines outside the workspace: what it says survives the loss, the restore and the rewriting of the workspace."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def append_lines(path: Path, entries: Iterable[dict[str, Any]], /) -> None:
    """Every entry is on disk when this returns. A line that a crash cut short stays behind as a line of its own, which readers skip."""
    lines = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in entries)
    if not lines:
        return
    created = not path.exists()
    with open(path, "a+b") as log:
        log.write((b"\n" if _is_torn(path) else b"") + lines.encode())
        log.flush()
        os.fsync(log.fileno())
    if created:
        _sync_folder(path.parent)


def read_lines(path: Path, /) -> list[dict[str, Any]]:
    """The entries in the order in which they were appended; none if there is no log yet. Lines cut short by a crash are left out."""
    if not path.exists():
        return []
    entries = []
    for line in path.read_bytes().splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries


def _is_torn(path: Path) -> bool:
    with open(path, "rb") as log:
        if not log.seek(0, os.SEEK_END):
            return False
        log.seek(-1, os.SEEK_END)
        return log.read(1) != b"\n"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
