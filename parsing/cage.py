"""What a parser child may use: processor time, memory, no network, and no life after its parent's."""

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from typing import NoReturn

import psutil


def forbid_network() -> None:
    """Every attempt to open a socket from Python raises; the converter that formats go through has a proxy that answers nothing."""
    socket.socket = _Refused  # type: ignore[misc]
    socket.create_connection = _refuse
    socket.getaddrinfo = _refuse


def confine(*, seconds: float, memory_mb: int, parent: int) -> None:
    """Put the calling process within its limits for good."""
    memory = psutil.Process().memory_info().vms + memory_mb * 1_000_000
    with contextlib.suppress(ValueError, OSError):  # macOS knows no limit on addresses: there the zygote watches alone.
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    cpu = int(seconds) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


def _refuse(*_: object, **__: object) -> NoReturn:
    raise OSError("a parser has no network")


class _Refused(socket.socket):
    def __init__(self, *_: object, **__: object) -> None:
        _refuse()
