"""The parser process: libraries loaded once, then a fork per file, each child within its limits.

Started by `parsing.parse` as `python -m parsing.zygote SETTINGS`; reads files on stdin, writes answers to stdout, ends when stdin ends.
"""

import contextlib
import gc
import json
import os
import selectors
import shutil
import signal
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO

import psutil

from contracts.errors import RagkeepError
from parsing.cage import confine, forbid_network
from parsing.frames import Message, receive, send

_TICK_SECONDS = 0.2
_MAX_ANSWER_BYTES = 512 << 20
_SAMPLES = {
    "sample.md": b"# A river\n\nIt runs through the town.\n\n| bridges | built |\n|---|---|\n| 1 | 1902 |\n\n```\nif wet: wait\n```\n",
    "sample.txt": b"A river runs through the town. Its bridge was built by the town's own masons.",
    "sample.html": b"<html><body><p>A river runs through the town.</p><table><tr><td>1</td><td>2</td></tr></table></body></html>",
}
_PREFIX = 8
"""Bytes before a message of a child that hold its length, so that half an answer is never taken for one."""
_MORE = b"more "
"""A message of a child that is no answer: it asks for so many seconds more."""


@dataclass(slots=True)
class _Child:
    pid: int
    number: int
    ends_at: float
    more: float
    """Seconds that it may still ask for."""
    answer: bytearray = field(default_factory=bytearray)
    verdict: tuple[str, str, str] | None = None
    """Why it was killed, if it was."""


def main(settings: dict[str, Any], /) -> None:
    """Serve until the other side is gone, then leave no child behind."""
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    try:
        _WARM_UP[settings["work"]](settings["how"])
    except Exception as error:
        send(answers, {"number": -1, "broken": str(error) or type(error).__name__})
        return
    forbid_network()
    gc.freeze()
    server = _Server(requests, answers, settings)
    try:
        server.serve()
    except BrokenPipeError:
        pass
    finally:
        server.kill_all()
        shutil.rmtree(settings["folder"], ignore_errors=True)


def _warm_up(how: dict[str, Any]) -> None:
    """Load everything, and try it: what is loaded before a fork costs no child anything."""
    from parsing import kreuzberg_reader
    from parsing.libraries import load

    load(pdf=False)
    if how["reader"] == kreuzberg_reader.NAME:
        kreuzberg_reader.load()
    from parsing.read import read
    from parsing.reading import How

    for name, content in _SAMPLES.items():
        answer = read(content, name, How())
        if "failure" in answer:
            raise RagkeepError(f"its own {name} does not parse ({answer['failure'][1]}). Install what requirements.lock names.")


def _warm_up_unpacking(_: dict[str, Any]) -> None:
    """Little is loaded: nothing that only elements need."""
    import oxmsg  # noqa: F401

    import parsing.unpack  # noqa: F401


_WARM_UP = {"read": _warm_up, "unpack": _warm_up_unpacking}


class _Server:
    """One thread, so that a fork copies no lock that somebody else holds."""

    def __init__(self, requests: int, answers: int, settings: dict[str, Any]) -> None:
        self.requests, self.answers, self.settings = requests, answers, settings
        self.waiting: deque[Message] = deque()
        self.running: dict[int, _Child] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(requests, selectors.EVENT_READ)

    def serve(self) -> None:
        while True:
            for key, _ in self.selector.select(_TICK_SECONDS if self.running else None):
                if key.fd != self.requests:
                    self._listen(key.fd)
                elif message := receive(self.requests):
                    self.waiting.append(message)
                else:
                    return
            while self.waiting and len(self.running) < self.settings["workers"]:
                self._fork(self.waiting.popleft())
            for child in self.running.values():
                self._watch(child)

    def kill_all(self) -> None:
        for child in self.running.values():
            _kill(child.pid)
            os.waitpid(child.pid, 0)

    def _fork(self, message: Message) -> None:
        if self.settings["work"] == "read":
            from parsing.libraries import load

            load(pdf=b"%PDF" in message.body[:1024])
        reader, writer = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            for fd in (self.requests, self.answers, reader, *self.running):
                os.close(fd)
            _child(message, writer, parent, self.settings)
        os.close(writer)
        with contextlib.suppress(OSError):  # Done on both sides, so that a kill always finds the group.
            os.setpgid(pid, pid)
        ends_at = time.monotonic() + message.head["seconds"]
        self.running[reader] = _Child(pid, message.head["number"], ends_at, self.settings["more_seconds"])
        self.selector.register(reader, selectors.EVENT_READ)

    def _listen(self, reader: int) -> None:
        child = self.running[reader]
        part = os.read(reader, 1 << 20)
        child.answer += part
        if len(child.answer) > _MAX_ANSWER_BYTES:
            self._end(child, _memory(self.settings["memory_mb"]))
        if part:
            _grant(child)
            return
        self.selector.unregister(reader)
        os.close(reader)
        del self.running[reader]
        _kill(child.pid)  # What it started itself must not outlive it; a whole answer counts, however it ended.
        _, status = os.waitpid(child.pid, 0)
        answer = _answer(child, status)
        if isinstance(answer, tuple):
            send(self.answers, {"number": child.number, "failure": answer})
        else:
            send(self.answers, {"number": child.number}, answer)

    def _watch(self, child: _Child) -> None:
        if child.verdict is None and time.monotonic() > child.ends_at:
            self._end(child, ("parse.timeout", "took longer than allowed", "Raise `parsing.seconds`, or split the file."))
        elif child.verdict is None and _resident_mb(child.pid) > self.settings["memory_mb"]:
            self._end(child, _memory(self.settings["memory_mb"]))

    def _end(self, child: _Child, verdict: tuple[str, str, str]) -> None:
        child.verdict = child.verdict or verdict
        child.answer.clear()
        _kill(child.pid)


def _grant(child: _Child) -> None:
    """The time that it asks for, as far as there is any left; it asks before it answers."""
    while child.answer[_PREFIX : _PREFIX + len(_MORE)] == _MORE:
        length = int.from_bytes(child.answer[:_PREFIX], "big")
        asked = bytes(child.answer[_PREFIX : _PREFIX + length])
        if len(asked) < length:
            return
        seconds = min(child.more, float(asked.removeprefix(_MORE)))
        child.ends_at, child.more = child.ends_at + seconds, child.more - seconds
        del child.answer[: _PREFIX + length]


def _child(message: Message, writer: int, parent: int, settings: dict[str, Any]) -> None:
    """Runs in the fork and never returns."""
    code = 1
    try:
        os.setpgid(0, 0)
        confine(seconds=message.head["seconds"] + settings["more_seconds"], memory_mb=settings["memory_mb"], parent=parent)
        with os.fdopen(writer, "wb") as pipe:
            _say(pipe, *_WORK[settings["work"]](message, settings["how"], pipe))
    except MemoryError:
        code = 2
    finally:
        os._exit(code)


def _read(message: Message, how: dict[str, Any], pipe: BinaryIO) -> list[bytes]:
    from parsing.read import read
    from parsing.reading import How

    told = How(**how, passwords=message.head["passwords"], more_time=partial(_ask, pipe))
    return [json.dumps(read(message.body, message.head["name"], told)).encode()]


def _unpack(message: Message, how: dict[str, Any], _: BinaryIO) -> list[bytes]:
    from parsing.containers import unpack
    from parsing.holding import Limits
    from parsing.unpack import encode

    return encode(unpack(message.body, message.head["name"], Limits(**how)))


_WORK = {"read": _read, "unpack": _unpack}


def _ask(pipe: BinaryIO, seconds: float) -> None:
    _say(pipe, _MORE + str(max(0.0, seconds)).encode())
    pipe.flush()


def _say(pipe: BinaryIO, *message: bytes) -> None:
    pipe.write(sum(map(len, message)).to_bytes(_PREFIX, "big"))
    pipe.writelines(message)


def _answer(child: _Child, status: int) -> bytes | tuple[str, str, str]:
    """What the child said, or why it said nothing."""
    whole = int.from_bytes(child.answer[:_PREFIX], "big") == len(child.answer) - _PREFIX
    if child.verdict is None and len(child.answer) > _PREFIX and whole:
        return bytes(child.answer[_PREFIX:])
    return child.verdict or _cause(status)


def _cause(status: int) -> tuple[str, str, str]:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return "parse.timeout", "took more processor time than allowed", "Raise `parsing.seconds`, or split the file."
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 2:
        return "parse.memory", "ran out of memory", "Raise `parsing.memory_mb`, or split the file."
    how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit code {os.WEXITSTATUS(status)}"
    return "parse.crashed", f"the parser ended with {how}", "Open the file in its program and save it again."


def _memory(limit_mb: int) -> tuple[str, str, str]:
    return "parse.memory", f"needed more than {limit_mb} MB", "Raise `parsing.memory_mb`, or split the file."


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _resident_mb(pid: int) -> float:
    try:
        process = psutil.Process(pid)
        return float(sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))) / 1e6
    except psutil.Error:
        return 0.0


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
