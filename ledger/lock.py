"""The workspace's lock: one process at a time, let go by the system itself however that process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from contracts.errors import StoreUnavailable, WorkspaceLocked

_LONGEST_LINE = 500


@contextmanager
def hold(workspace: Path, /, *, command: str, since: datetime) -> Iterator[None]:
    """The workspace is ours inside the block. WorkspaceLocked names the process that has it already, this one included."""
    path = workspace / "lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreUnavailable(f"{path}: cannot be opened ({error.strerror}). Is the workspace's folder there and writable?") from error
    try:
        _take(handle, workspace)
        _write(handle, f"pid {os.getpid()}, {command}, since {since.isoformat(timespec='seconds')}\n")
        yield
    finally:
        os.close(handle)


def holder(workspace: Path, /) -> str | None:
    """The line that the holder wrote, None if nobody holds the workspace."""
    path = workspace / "lock"
    if not path.exists():
        return None
    handle = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _line(handle)
    finally:
        os.close(handle)
    return None


def _take(handle: int, workspace: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkspaceLocked(f"{workspace}: in use by {_line(handle)}. Wait until it is done, or stop it") from None


def _line(handle: int) -> str:
    return os.pread(handle, _LONGEST_LINE, 0).decode(errors="replace").strip() or "another process"


def _write(handle: int, line: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, line.encode()[:_LONGEST_LINE], 0)
