"""The process of one tool: python -m benchmarks.peers.drive MODULE.

It imports what the adapter says may be imported early, then makes one call for each line of JSON on its input, each in a process forked
for it: as fresh as a new one, without the seconds that imports take. It prints the child's id at its start and its exit code at its end.
The child writes an empty file ANSWER.begun right before the call, then what was returned to ANSWER; what it says goes to ANSWER.said.
"""

import importlib
import json
import os
import sys
import traceback
from dataclasses import asdict, is_dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any


def main(module: str) -> None:
    """Serve calls until the input ends."""
    adapter = importlib.import_module(f"benchmarks.peers.{module}")
    for name in adapter.TOOL.preload:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            os._exit(_serve(adapter, json.loads(line)))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _serve(adapter: Any, asked: dict[str, Any]) -> int:
    """The exit code. In a session of its own, so that a kill takes the children along."""
    os.setsid()
    answer = Path(asked["answer"])
    said = os.open(f"{answer}.said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    try:
        returned, seconds = _call(adapter, asked)
        plain = asdict(returned) if is_dataclass(returned) and not isinstance(returned, type) else returned
        answer.write_text(json.dumps({"returned": plain, "seconds": seconds}), encoding="utf-8")
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        return 1
    return 0


def _call(adapter: Any, asked: dict[str, Any]) -> tuple[Any, float]:
    if asked["call"] == "versions":
        return {name: version(name) for name in adapter.TOOL.packages}, 0.0
    peer = adapter.build(Path(asked["state"]), asked["variant"])
    arguments = [Path(value) if key == "corpus" else value for key, value in asked["arguments"].items() if key != "thorough"]
    named = {"thorough": True} if "thorough" in asked["arguments"] else {}
    Path(f"{asked['answer']}.begun").touch()
    begun = perf_counter()
    returned = getattr(peer, asked["call"])(*arguments, **named)
    return returned, perf_counter() - begun


if __name__ == "__main__":
    main(sys.argv[1])
