"""Files to elements, through a parser process that forks one child a file.

    this process ──► zygote (libraries loaded once) ──► a child a file: limits, no network, no secrets in its environment

This process never imports the parsing libraries: they are large, and what they read is hostile until proven otherwise.
"""

import json
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from configs.settings import ParsingSettings
from contracts.errors import RagkeepError
from contracts.results import Failure
from parsing.documents import Found, Parsed, Report, ToParse
from parsing.fingerprint import require_reader
from parsing.frames import Message, receive, send

_ROOT = Path(__file__).resolve().parents[1]
Work = Literal["read", "unpack"]
"""What a child does with its file."""
_START_TWICE = 2
"""A zygote that dies takes the files in it along; each is tried once more, so that one hostile file cannot cost its neighbours."""


def parse_files(files: Iterable[ToParse], how: ParsingSettings, /, *, progress: Callable[[int], None] | None = None) -> Iterator[Parsed]:
    """Exactly one Parsed for each file, as they finish: elements, or a failure that says why. Nothing starts before a file needs it.

    `progress` is told how many files are done. Files are taken from the iterable only as fast as they are parsed.
    Raises RagkeepError if the parser itself cannot start, SettingsError if its reader is not installed; a hostile file never raises.
    """
    require_reader(how)
    reading = {
        "reader": how.reader,
        "languages": how.languages,
        "ocr_languages": how.ocr_languages,
        "min_coverage": how.min_coverage,
        "flag_coverage": how.flag_coverage,
    }
    for done, (file, answer) in enumerate(ask_children(files, how, "read", reading), start=1):
        yield _failed(file, answer) if isinstance(answer, Failure) else _parsed(file, answer)
        if progress:
            progress(done)


def ask_children(
    files: Iterable[ToParse], how: ParsingSettings, work: Work, settings: dict[str, Any], /
) -> Iterator[tuple[ToParse, bytes | Failure]]:
    """Each file with what its child answered, in the form of this work, or why there is no answer."""
    zygote = _Zygote(how, work, settings)
    try:
        yield from _all(iter(files), how, zygote)
    finally:
        zygote.stop()


def _all(files: Iterator[ToParse], how: ParsingSettings, zygote: "_Zygote") -> Iterator[tuple[ToParse, bytes | Failure]]:
    waiting: dict[int, ToParse] = {}
    for number, file in enumerate(files):
        refusal = _refuse(file, how)
        if refusal:
            yield file, refusal
            continue
        waiting[number] = file
        zygote.submit(number, file)
        while len(waiting) > zygote.workers:
            yield from _next(waiting, zygote)
    while waiting:
        yield from _next(waiting, zygote)


def _refuse(file: ToParse, how: ParsingSettings) -> Failure | None:
    if not file.content:
        return Failure("file.empty", "0 bytes", "Put the document's content back, or take the file away.")
    if len(file.content) > how.max_file_mb * 1_000_000:
        detail = f"{len(file.content) / 1e6:.0f} MB, more than {how.max_file_mb} MB"
        return Failure("file.too_large", detail, "Split the file, or raise `parsing.max_file_mb`.")
    return None


def _next(waiting: dict[int, ToParse], zygote: "_Zygote") -> Iterator[tuple[ToParse, bytes | Failure]]:
    message = zygote.answer()
    if message is not None:
        failure = message.head.get("failure")
        yield waiting.pop(message.head["number"]), Failure(*failure) if failure else message.body
        return
    for number, file in list(waiting.items()):
        if not zygote.submit_again(number, file):
            del waiting[number]
            yield (
                file,
                Failure("parse.crashed", "the parser process died twice over it", "Open the file in its program and save it again."),
            )


def _parsed(file: ToParse, body: bytes) -> Parsed:
    answer = json.loads(body)
    if "failure" in answer:
        return _failed(file, Failure(*answer["failure"]))
    return Parsed(file.document_id, file.version_id, tuple(Found(*row) for row in answer["elements"]), None, Report(*answer["report"]))


def _failed(file: ToParse, failure: Failure) -> Parsed:
    return Parsed(file.document_id, file.version_id, (), failure)


class _Zygote:
    """The parser process, started by the first file and stopped with the iterator, its folder removed whoever died first."""

    def __init__(self, how: ParsingSettings, work: Work, settings: dict[str, Any]) -> None:
        self.workers = how.workers or os.cpu_count() or 1
        self._how, self._work, self._settings = how, work, settings
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._tries: dict[int, int] = {}

    def submit(self, number: int, file: ToParse) -> None:
        self._tries[number] = self._tries.get(number, 0) + 1
        process = self._process or self._start()
        allowed = self._how.seconds * max(1, math.ceil(len(file.content) / 10e6))
        head = {"number": number, "name": file.name, "seconds": allowed, "passwords": file.passwords}
        try:
            send(_fileno(process.stdin), head, file.content)
        except OSError:
            return  # It died: `answer` says so, and the file is submitted again.

    def submit_again(self, number: int, file: ToParse) -> bool:
        if self._tries[number] >= _START_TWICE:
            return False
        self.submit(number, file)
        return True

    def answer(self) -> Message | None:
        """The next answer, or None if the zygote died with files in it."""
        message = self._answers.get()
        if message is None:
            self.stop()
        elif "broken" in message.head:
            raise RagkeepError(f"parsing: the parser cannot start: {message.head['broken']}")
        return message

    def stop(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join()
        if process.stdout:
            process.stdout.close()  # Only now: a thread that reads must never find another file under this number.
        self._folder.cleanup()  # The zygote has done it, unless it was killed.

    def _start(self) -> subprocess.Popen[bytes]:
        self._folder = tempfile.TemporaryDirectory(prefix="ragkeep-parse-", dir=_memory_folder(), ignore_cleanup_errors=True)
        settings = {
            "workers": self.workers,
            "memory_mb": self._how.memory_mb,
            "more_seconds": self._how.ocr_seconds,
            "work": self._work,
            "how": self._settings,
            "folder": self._folder.name,
        }
        self._answers = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "parsing.zygote", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd=_ROOT,
            env=_environment(self._folder.name),
        )
        self._reader = threading.Thread(target=_drain, args=(_fileno(self._process.stdout), self._answers), daemon=True)
        self._reader.start()
        return self._process


def _memory_folder() -> str | None:
    """Some formats go through a converter that reads files; where the system has a folder in memory, their bytes never touch the disk."""
    shared = Path("/dev/shm")  # noqa: S108  # a private folder is made inside it
    return str(shared) if shared.is_dir() and os.access(shared, os.W_OK) else None


def _environment(folder: str) -> dict[str, str]:
    """All that the parser gets to see: no token, no key, no proxy of ours, nothing that calls home."""
    nowhere = "http://127.0.0.1:9"
    return {
        "PATH": os.defpath,
        "HOME": folder,
        "TMPDIR": folder,
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1",
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "DO_NOT_TRACK": "1",
        "SCARF_NO_ANALYTICS": "1",
        "UNSTRUCTURED_DISABLE_NOTICE": "1",
        "HF_HUB_OFFLINE": "1",
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
        "http_proxy": nowhere,
        "https_proxy": nowhere,
    }


def _drain(pipe: int, answers: "queue.SimpleQueue[Message | None]") -> None:
    """Keep the zygote's answers flowing while we write to it, or both would wait for each other."""
    message: Message | None = None
    try:
        while message := receive(pipe):
            answers.put(message)
    except OSError:
        pass
    answers.put(None)


def _fileno(pipe: object) -> int:
    return pipe.fileno()  # type: ignore[attr-defined,no-any-return]
