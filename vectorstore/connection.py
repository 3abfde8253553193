"""Reaching Milvus: a server by address, or Milvus Lite in a folder that one process at a time may hold."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from contracts.errors import SettingsError, StoreUnavailable, WorkspaceLocked

SECONDS = 60.0
"""pymilvus repeats a call that failed on its way, with growing pauses, until this time has passed."""
_CONNECT_SECONDS = 10.0
_LITE_PING_MS = 600_000


def connect(uri: str, /, *, token: str | None = None) -> Any:
    """A MilvusClient that answers. StoreUnavailable names the address; WorkspaceLocked the process that holds the folder."""
    address = shown(uri)
    if not is_server(uri):
        if not uri.endswith(".db"):
            raise SettingsError(
                f"stores.milvus_uri: {address} is neither an address (http://HOST:19530) nor a folder whose name ends in .db."
            )
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
    from pymilvus import MilvusClient  # type: ignore[import-untyped]
    from pymilvus.exceptions import ConnectionConfigException, MilvusException  # type: ignore[import-untyped]

    _silence()
    # A proxy of the environment is for the outside, never for a server on this machine.
    # Milvus Lite also hangs up on a client that pings as often as pymilvus does by default.
    options = {} if is_server(uri) else {"grpc_options": {"grpc.enable_http_proxy": 0, "grpc.keepalive_time_ms": _LITE_PING_MS}}
    try:
        return MilvusClient(uri=uri, token=token or "", timeout=_CONNECT_SECONDS, **options)
    except ConnectionConfigException as error:
        raise _unopened(uri) from error
    except MilvusException as error:
        if _was_refused(error):
            raise StoreUnavailable(
                f"milvus at {address}: it refuses the token. Is it right in the file that stores.milvus_token_file names?"
            ) from error
        raise StoreUnavailable(f"milvus at {address}: no answer. Is the server up, and is stores.milvus_uri right?") from error


def disconnect(client: Any, uri: str, /) -> None:
    """Give the connection back and, for Milvus Lite, its folder to the next process."""
    client.close()
    if not is_server(uri):
        from milvus_lite.server_manager import server_manager_instance  # type: ignore[import-untyped]

        server_manager_instance.release_server(uri)


@contextmanager
def speaking(uri: str, verb: str, /) -> Iterator[None]:
    """Turns what pymilvus raises into StoreUnavailable. Its own words stay in the chain only: they may quote a filter or a value."""
    from grpc import RpcError  # type: ignore[import-untyped]
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except (MilvusException, RpcError) as error:
        code = getattr(error, "code", "")
        remedy = "It is more than one message may hold: ask for less" if is_too_large(error) else "Run again with --debug to see why"
        raise StoreUnavailable(f"milvus at {shown(uri)}: {verb} failed (code {code() if callable(code) else code}). {remedy}.") from error


def is_too_large(error: BaseException | None, /) -> bool:
    """Whether a server had more to say, or was told more, than its limit of a message lets through."""
    text = str(error)
    return "larger than max" in text or "maxOutputSize" in text


def says_absent(error: Any, /) -> bool:
    """Whether an alias was asked for that is not there; versions say it in different words."""
    text = str(error.message).lower()
    return error.code == 1600 or ("alias" in text and ("not exist" in text or "not found" in text))


def is_server(uri: str, /) -> bool:
    return "://" in uri or uri.startswith("unix:")


def shown(uri: str, /) -> str:
    """The address without the user and the password that may stand in it."""
    if not is_server(uri) or "@" not in uri:
        return uri
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _silence() -> None:
    # Both log whole filters and rows at ERROR, with a traceback; what went wrong reaches our caller as an exception anyway.
    for name in ("pymilvus", "pymilvus.milvus_client", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _unopened(uri: str, /) -> StoreUnavailable:
    holder = _holder(Path(uri) / "LOCK")
    if holder:
        return WorkspaceLocked(f"milvus lite in {uri}: {holder} holds it, and only one process may. Wait for it, or stop it.")
    return StoreUnavailable(f"milvus lite in {uri}: it cannot be opened. Is the folder writable, whole, and written by this version?")


def _was_refused(error: BaseException, /) -> bool:
    """pymilvus says of a wrong token too that nobody answers; what the server said stands in the chain."""
    cause = error.__cause__ or error.__context__
    return "UNAUTHENTICATED" in str(cause) or "PERMISSION_DENIED" in str(cause)


def _holder(lock: Path, /) -> str | None:
    if not _is_locked(lock):
        return None
    for process in psutil.process_iter(["pid", "name"]):
        with suppress(psutil.Error):
            if process.pid != os.getpid() and any(Path(file.path) == lock.resolve() for file in process.open_files()):
                return f"process {process.pid} ({process.name()})"
    return "another process"


def _is_locked(lock: Path, /) -> bool:
    import fcntl

    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
