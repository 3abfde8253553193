"""The command line run as people run it, in a process of its own, timed and weighed."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

_LOOK_EVERY = 0.25
_NOT_PASSED_ON = ("RAGKEEP_", "PYTHONDONTWRITEBYTECODE")
"""The last would have Python compile every module anew in every process, which no installation does."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one command answered and cost."""

    answer: Any
    seconds: float
    """Wall time of the whole process, Python's own start included."""
    memory_mb: float
    """Most memory of the process and all its children together, shared pages counted once, looked at four times a second."""


def ragkeep(workspace: Path, /, *arguments: str) -> Measured:
    """The JSON that a command printed, with its cost. RAGKEEP settings of the environment do not reach it. RuntimeError if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_PASSED_ON)}
    call = [str(Path(sys.executable).with_name("ragkeep")), "--workspace", str(workspace), *arguments, "--json"]
    started, peak = perf_counter(), 0.0
    with subprocess.Popen(
        call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=workspace.parent, env=environment
    ) as process:
        while True:
            try:
                output, said = process.communicate(timeout=_LOOK_EVERY)
                break
            except subprocess.TimeoutExpired:
                peak = max(peak, _memory_of_tree(process.pid))
    seconds = perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {process.returncode}: {said}")
    return Measured(json.loads(output), round(seconds, 3), round(peak, 1))


def _memory_of_tree(pid: int) -> float:
    """In MB. A process that has just ended counts nothing."""
    try:
        root = psutil.Process(pid)
        return sum(map(_memory, [root, *root.children(recursive=True)])) / 1e6
    except psutil.Error:
        return 0.0


def _memory(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.Error:
        return 0
