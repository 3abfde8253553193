"""One tool under test: its folders, its processes, and what can be done to it from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from benchmarks.peers.corpus import write_corpus
from benchmarks.peers.port import Loaded, Tool

PEERS_PYTHON = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
_SILENT = {
    "ANONYMIZED_TELEMETRY": "False",
    "COCOINDEX_DISABLE_USAGE_TRACKING": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
}
"""Nothing calls home, whatever a library would do by default."""
_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Column:
    """A tool in one configuration. `rows`: the tests it is asked for, all if empty."""

    name: str
    module: str
    variant: str = ""
    rows: tuple[str, ...] = ()


@dataclass(slots=True)
class Rig:
    """A folder with `corpus` and `state`, and copies of both to go back to."""

    column: Column
    tool: Tool
    folder: Path
    calls: int = 0
    process: "subprocess.Popen[str] | None" = None

    @property
    def corpus(self) -> Path:
        return self.folder / "corpus"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def store(self) -> Path:
        return self.state / self.tool.store

    def begin(self) -> None:
        """A whole corpus and an empty state."""
        shutil.rmtree(self.corpus, ignore_errors=True)
        write_corpus(self.corpus)
        self.empty()

    def empty(self) -> None:
        """An empty state."""
        shutil.rmtree(self.state, ignore_errors=True)
        self.state.mkdir()

    def rebuilt(self) -> list[str]:
        """What the tool would serve if it had begun with the corpus as it is now. The state is as before afterwards."""
        aside = self.folder / "aside"
        self.state.rename(aside)
        self.state.mkdir()
        self.load()
        served = self.served()
        shutil.rmtree(self.state)
        aside.rename(self.state)
        return served

    def load(self, *, thorough: bool = False) -> Loaded:
        """A scheduled run."""
        return Loaded(**self._call("load", corpus=str(self.corpus), **({"thorough": "yes"} if thorough else {})))

    def load_and_kill(self, after: float, /) -> bool:
        """A run that gets SIGKILL so many seconds after it began, with all its children. Whether it was still running then."""
        child, answer = self._start("load", corpus=str(self.corpus))
        begun = answer.with_name(f"{answer.name}.begun")
        limit = time.monotonic() + _LIMIT
        while not begun.exists() and time.monotonic() < limit:
            time.sleep(0.002)
        time.sleep(after)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        return self._ended() == -signal.SIGKILL

    def timed_load(self) -> float:
        """Seconds of a run, without what came before it began."""
        self.load()
        seconds: float = json.loads(self._answer().read_text(encoding="utf-8"))["seconds"]
        return seconds

    def erase(self, person: str, /) -> bool:
        done: bool = self._call("erase", corpus=str(self.corpus), person=person)
        return done

    def served(self, *, naming: str = "") -> list[str]:
        """Every text that a search can find, or those that hold `naming`; sorted."""
        found: list[str] = self._call("query", text="What was said about the pump?")
        return sorted(text for text in found if naming in text)

    def cleanup(self) -> None:
        self._call("cleanup")

    def receipt(self) -> tuple[bool, bool] | None:
        found = self._call("receipt")
        return found and (found[0], found[1])

    def versions(self) -> dict[str, str]:
        found: dict[str, str] = self._call("versions")
        return found

    def keep(self, *names: str, under: str) -> None:
        """Copies of these folders of the rig, to go back to."""
        for name in names:
            shutil.rmtree(self.folder / under / name, ignore_errors=True)
            shutil.copytree(self.folder / name, self.folder / under / name)

    def back(self, *names: str, under: str) -> None:
        """These folders as they were when they were kept."""
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)
            shutil.copytree(self.folder / under / name, self.folder / name)

    def files_of_store(self) -> dict[str, str]:
        """A digest of every file of the vector store."""
        return {str(path): sha256(path.read_bytes()).hexdigest() for path in sorted(self.store.rglob("*")) if path.is_file()}

    def close(self) -> None:
        """The tool's process ends."""
        if self.process is not None:
            self.process.communicate()

    def _call(self, name: str, /, **arguments: str) -> Any:
        _, answer = self._start(name, **arguments)
        if self._ended():
            said = answer.with_name(f"{answer.name}.said").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{self.column.name}: {name}: {said.strip()[-1500:]}")
        return json.loads(answer.read_text(encoding="utf-8"))["returned"]

    def _start(self, name: str, /, **arguments: str) -> tuple[int, Path]:
        """The id of the process that makes the call, and where its answer will lie."""
        self.calls += 1
        asked = {
            "call": name,
            "arguments": arguments,
            "state": str(self.state),
            "variant": self.column.variant,
            "answer": str(self._answer()),
        }
        process = self._process()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline()), self._answer()

    def _ended(self) -> int:
        """The exit code of the call in progress."""
        assert self.process is not None
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    def _process(self) -> "subprocess.Popen[str]":
        if self.process is None:
            python = sys.executable if self.column.module == "ragkeep_command" else str(PEERS_PYTHON)
            self.process = subprocess.Popen(
                [python, "-m", "benchmarks.peers.drive", self.column.module],
                cwd=Path(__file__).parents[2],
                env={**os.environ, **_SILENT},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self.process

    def _answer(self) -> Path:
        return self.folder / f"answer-{self.calls}.json"
