"""A real PostgreSQL server for tests: files of its own, one socket in a folder and no network, gone with the block."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

SECONDS_TO_START = 30
_QUICK = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "shared_buffers": "32MB", "max_connections": "40"}
"""A server that may lose everything when the machine does. None of it changes an answer."""


class CannotStart(Exception):
    """Says why there is no server; a test skips with it."""


@dataclass(frozen=True)
class Server:
    """A running server: the address of its database, and the folder that holds every byte that it keeps."""

    url: str
    folder: Path

    def parts_with(self, needle: bytes) -> set[str]:
        """In which parts of its files these bytes are: `base` are its tables, `pg_wal` its log."""
        held = (path for path in self.folder.rglob("*") if path.is_file() and needle in path.read_bytes())
        return {path.relative_to(self.folder).parts[0] for path in held}


def begin_log_file(administrator: psycopg.Connection) -> None:
    """What is written next stands in a file of the log that does not end soon: one that ended is removed at a CHECKPOINT."""
    administrator.execute("SELECT pg_switch_wal()")


@contextlib.contextmanager
def postgres_server(**changed: str) -> Iterator[Server]:
    """A server that ends with the block; `changed` are settings of postgresql.conf."""
    tools = _tools()
    folder = Path(tempfile.mkdtemp(prefix="ragkeep-pg-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        user = _hand_over(folder)
        data, quiet = folder / "data", {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": folder, **user}
        made: Any = subprocess.run([tools / "initdb", "-D", data, "-U", "tester", "-A", "trust", "--no-sync", "-E", "UTF8"], **quiet)
        if made.returncode:
            raise CannotStart(made.stderr.decode().strip())
        settings = [part for name, value in {**_QUICK, **changed}.items() for part in ("-c", f"{name}={value}")]
        command = [tools / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", *settings]
        server: Any = subprocess.Popen(command, **{**quiet, "stderr": subprocess.DEVNULL})
        try:
            _await_answer(tools, folder, server)
            yield Server(f"postgresql://tester@/postgres?host={folder}", data)
        finally:
            server.send_signal(signal.SIGINT)  # ends connections, and the server with its children
            server.wait(SECONDS_TO_START)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tools() -> Path:
    """Debian keeps them out of the way of the search path."""
    found = [Path(path).resolve().parent for path in (shutil.which("initdb"),) if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in found:
        if all((folder / name).exists() for name in ("initdb", "postgres", "pg_isready")):
            return folder
    raise CannotStart("no PostgreSQL server is installed (apt install postgresql)")


def _hand_over(folder: Path) -> dict[str, Any]:
    """A server refuses to run as root: then it runs as somebody else, who owns the folder."""
    if os.geteuid() != 0:
        return {}
    with contextlib.suppress(KeyError):
        somebody = pwd.getpwnam("postgres")
        os.chown(folder, somebody.pw_uid, somebody.pw_gid)
        return {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
    raise CannotStart("a PostgreSQL server does not run as root, and there is no user `postgres`")


def _await_answer(tools: Path, folder: Path, server: Any) -> None:
    ends = time.monotonic() + SECONDS_TO_START
    while subprocess.run([tools / "pg_isready", "-q", "-h", folder], check=False).returncode:
        if server.poll() is not None or time.monotonic() > ends:
            raise CannotStart("the PostgreSQL server ended, or did not answer, when it was started")
        time.sleep(0.05)
