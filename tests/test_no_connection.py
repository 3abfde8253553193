"""Nothing leaves the machine: a real ingest and a real search, watched from inside every process, from outside, and without a network.

The watch is an audit hook that Python itself calls before each connection, in every child too; it hands itself on to children whose
environment is scrubbed. It does not see libraries in C and Rust: these are seen by sampling the open connections of the whole process
tree, and by a run in a network namespace that has nothing but its loopback.
"""

import ipaddress
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).parents[1]
WATCH = """
import os, sys

def _watch(event, arguments):
    if event == "subprocess.Popen" and isinstance(arguments[3], dict):
        arguments[3].update({name: os.environ[name] for name in ("PYTHONPATH", "WATCH_LOG")})
    where = None
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        where = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        where = (arguments[0],)
    if isinstance(where, tuple) and str(where[0]) not in ("127.0.0.1", "::1", "localhost", "None", "", "0.0.0.0"):
        with open(os.environ["WATCH_LOG"], "a") as log:
            log.write(f"{event} {where!r} by {sys.argv}\\n")
        raise OSError(f"refused by the watch: {where!r}")

if "WATCH_LOG" in os.environ:
    with open(os.environ["WATCH_LOG"] + ".watched", "a") as watched:
        watched.write(f"{os.getpid()} {' '.join(sys.orig_argv[1:4])}\\n")
    sys.addaudithook(_watch)
"""
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: IFF_UP, IFF_RUNNING
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
KINDS = ("pdf", "docx", "html", "eml", "md")


@pytest.fixture
def watch(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """The environment that puts Python processes under watch, and the file that names every attempt to leave."""
    folder, log = tmp_path / "watch", tmp_path / "attempts.txt"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    log.touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RAGKEEP_", "HF_", "COV"))}
    return kept | {"PYTHONPATH": str(folder), "WATCH_LOG": str(log)}, log


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """Two documents of the samples of each kind."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for kind in KINDS:
        found = sorted((ROOT / "samples" / "documents").rglob(f"*.{kind}"))[:2]
        assert found, kind
        for path in found:
            shutil.copy(path, folder)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_real_ingest_and_a_search_open_no_connection_to_anywhere(
    tmp_path: Path, documents: Path, watch: tuple[dict[str, str], Path]
) -> None:
    environment, log = watch
    done, abroad = run(["-m", "ragkeep", "--workspace", str(tmp_path / "keep"), "ingest", str(documents), "--json"], environment)
    hits, abroad_too = run(["-m", "ragkeep", "--workspace", str(tmp_path / "keep"), "search", "holiday", "--json"], environment)
    assert done["documents"]["added"] >= 8
    assert done["upserted"] > 0
    assert hits
    assert log.read_text() == ""
    assert abroad == abroad_too == set()
    assert "parsing.zygote" in Path(f"{log}.watched").read_text(), "the parser was not watched"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_everything_works_with_no_network_at_all(tmp_path: Path, documents: Path, watch: tuple[dict[str, str], Path]) -> None:
    alone = without_network()
    environment, _ = watch
    command = ["-m", "ragkeep", "--workspace", str(tmp_path / "keep")]
    done, _ = run([*command, "ingest", str(documents), "--json"], environment, within=alone)
    hits, _ = run([*command, "search", "holiday", "--json"], environment, within=alone)
    assert (done["upserted"] > 0, len(hits) > 0) == (True, True)


@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "import urllib.request; urllib.request.urlopen('http://telemetry.invalid/')",
        "import os, socket\nif os.fork() == 0: socket.create_connection(('192.0.2.1', 80), 1)\nos.wait()",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.gethostbyname(chr(97))'], env={'HOME': '/'})",
    ],
    ids=["tcp", "udp", "a name", "a fork", "a child with a scrubbed environment"],
)
def test_the_watch_sees_and_refuses_a_planted_attempt(watch: tuple[dict[str, str], Path], attempt: str) -> None:
    environment, log = watch
    ended = subprocess.run([sys.executable, "-c", attempt], env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert "refused by the watch" in ended.stderr
    assert len(log.read_text().splitlines()) == 1


def test_the_namespace_without_network_reaches_itself_and_nothing_else() -> None:
    reach_out = (
        "import socket\nwith socket.create_server(('127.0.0.1', 0)) as here: socket.create_connection(here.getsockname(), 5).close()\n"
        "try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 53))\nexcept OSError as error: print(error.errno)"
    )
    ended = subprocess.run([*without_network(), "-c", reach_out], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.strip() == "101", "network is unreachable"


def run(arguments: list[str], environment: dict[str, str], *, within: list[str] | None = None) -> tuple[Any, set[str]]:
    """The JSON that the command printed, and every address abroad that a process of its tree was seen connected to."""
    abroad: set[str] = set()
    command = [*(within or [sys.executable]), *arguments]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        while process.poll() is None:
            abroad |= connected_abroad(process.pid)
            time.sleep(0.2)
        out, err = process.communicate()
    assert process.returncode == 0, err
    return json.loads(out), abroad


def connected_abroad(pid: int) -> set[str]:
    found: set[str] = set()
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            remote = [connection.raddr.ip for connection in process.net_connections("inet") if connection.raddr]
            found |= {f"{address} by {process.name()}" for address in remote if not is_here(address)}
    except psutil.Error:  # it ended meanwhile
        pass
    return found


def is_here(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def without_network() -> list[str]:
    """The beginning of a command that runs Python where there is no network but loopback. Skips where the system does not permit it."""
    unshare = shutil.which("unshare")
    if not unshare:
        pytest.skip("no `unshare` here: a network namespace cannot be made")
    for options in (["-n"], ["-rn"]):
        start = [unshare, *options, sys.executable, "-c", LOOPBACK_UP]
        if subprocess.run([*start, "-c", "pass"], capture_output=True, check=False, timeout=60).returncode == 0:
            return start
    pytest.skip("the system does not permit a network namespace of one's own")
