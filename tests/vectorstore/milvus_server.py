"""A real Milvus server for tests: the embeddable build 2.3.5 in a network of its own, reached by one port of the loopback device.

This build listens on every network interface whatever its settings say, and its etcd on two fixed ports. So it runs where no other
machine and no other server can meet it: in a network namespace. The one socket that leads in was opened before, outside.

    python tests/vectorstore/milvus_server.py FOLDER [dataCoord.gc.interval=5 ...]

prints the port once the server answers, and kills the server when its own standard input ends.
"""

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SECONDS_TO_START = 60
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_SET_FLAGS, _UP = 0x8914, 1
_DIE_WITH_PARENT = 1
_PORTS = {"proxy_port": 19530, "etcd_port": 2379}
_BRISK = {
    "log.level": "warn",
    "proxy.timeTickInterval": 50,
    "queryCoord.checkInterval": 100,
    "queryCoord.distPullInterval": 100,
    "dataCoord.segment.assignmentExpiration": 200,
}
"""It waits for these in every strong read, load and flush; none of them changes an answer."""


class CannotStart(Exception):
    """Says why there is no server; a test skips with it."""


@dataclass(frozen=True)
class Server:
    """A running server: its address, and where its files lie."""

    uri: str
    folder: Path
    """What the server keeps: `data` (etcd, message log, segments) and `logs`."""


@contextlib.contextmanager
def milvus_server(folder: Path, **changed: Any) -> Iterator[Server]:
    """A server that ends with the block. `changed` are settings of milvus.yaml, a dot written as two underscores."""
    options = [f"{name.replace('__', '.')}={value}" for name, value in changed.items()]
    command = [sys.executable, __file__, str(folder), *options]
    launcher = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    try:
        port = launcher.stdout.readline().strip()
        if not port:
            raise CannotStart(launcher.communicate()[1].strip().rpartition("\n")[2])
        yield Server(f"http://127.0.0.1:{port}", folder)
    finally:
        launcher.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def main(folder: Path, options: list[str], /) -> None:
    try:
        import milvus  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        sys.exit("milvus 2.3.5, the server for tests, has no package for this machine")
    entrance = socket.create_server(("127.0.0.1", 0))
    _enter_own_network()
    milvus._initialize_data_files(str(folder))
    _write_settings(milvus, folder, options)
    server = _start(folder)
    try:
        _await_health(server)
        print(entrance.getsockname()[1], flush=True)
        asyncio.run(_relay(entrance))
    finally:
        server.kill()  # a polite signal is not obeyed
        server.wait()


def _enter_own_network() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK) and libc.unshare(_NEW_USER | _NEW_NETWORK):
        sys.exit("the server would listen on every network interface, and this system gives tests no network of their own (unshare)")
    with socket.socket() as any_socket:
        import fcntl

        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def _write_settings(milvus: Any, folder: Path, options: list[str]) -> None:
    plain = milvus.MilvusServerConfig(data_dir=str(folder))
    plain.update(**_PORTS)
    plain.resolve()
    path = folder / "configs" / "milvus.yaml"
    settings = yaml.safe_load(path.read_text())
    for name, value in [*_BRISK.items(), *(option.split("=") for option in options)]:
        *parents, last = name.split(".")
        place = settings
        for parent in parents:
            place = place[parent]
        place[last] = yaml.safe_load(str(value))
    path.write_text(yaml.safe_dump(settings))


def _start(folder: Path) -> "subprocess.Popen[bytes]":
    libc = ctypes.CDLL(None)
    proxies = {name for name in os.environ if name.lower().endswith("_proxy")}
    own = {"DEPLOY_MODE": "STANDALONE", "MILVUS_RUN_DIR": str(folder / "run"), "LD_LIBRARY_PATH": str(folder / "bin")}
    with (folder / "logs" / "stdout.log").open("wb") as log:
        return subprocess.Popen(
            [folder / "bin" / "milvus", "run", "standalone"],
            cwd=folder,
            env={name: value for name, value in os.environ.items() if name not in proxies} | own,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL),
        )


def _await_health(server: "subprocess.Popen[bytes]") -> None:
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(SECONDS_TO_START * 10):
        with contextlib.suppress(OSError), ask.open("http://127.0.0.1:9091/healthz", timeout=5) as answer:
            if b"OK" in answer.read():
                return
        if server.poll() is not None:
            sys.exit(f"the server ended with code {server.returncode} before it answered")
        time.sleep(0.1)
    sys.exit(f"the server did not answer within {SECONDS_TO_START} seconds")


async def _relay(entrance: socket.socket) -> None:
    """Carries bytes in and out until standard input ends."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 18):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside_reader, inside_writer = await asyncio.open_connection("127.0.0.1", _PORTS["proxy_port"])
        await asyncio.gather(carry(reader, inside_writer), carry(inside_reader, writer))

    async with await asyncio.start_server(connect, sock=entrance):
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
