"""What is set before anything runs: named points that may kill, and switches that keep libraries from calling home."""

import os
import signal
import subprocess
import sys

import pytest

from configs.offline import _SWITCHES, go_offline

_THREE_ARRIVALS = "from configs.faults import reach\nfor step in range(1, 4):\n    reach('a'); print(step, flush=True)\n    reach('b')"


@pytest.mark.parametrize(
    ("armed", "steps", "killed"),
    [
        (None, 3, False),
        ("", 3, False),
        ("c", 3, False),
        ("a", 0, True),
        ("a:3", 2, True),
        ("b:2", 2, True),
        ("a:4", 3, False),
    ],
)
def test_a_point_kills_when_it_is_armed_at_the_arrival_that_was_named_and_never_else(armed: str | None, steps: int, killed: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "RAGKEEP_KILL_AT"}
    if armed is not None:
        environment["RAGKEEP_KILL_AT"] = armed
    done = subprocess.run([sys.executable, "-c", _THREE_ARRIVALS], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [str(step) for step in range(1, steps + 1)]
    assert done.returncode == (-signal.SIGKILL if killed else 0)


def test_going_offline_sets_every_switch_and_respects_what_somebody_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _SWITCHES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    go_offline()
    assert os.environ["HF_HUB_OFFLINE"] == "0"
    assert all(os.environ[name] == value for name, value in _SWITCHES.items() if name != "HF_HUB_OFFLINE")


def test_the_command_line_is_offline_before_any_library_that_asks_is_imported() -> None:
    watched = ("transformers", "huggingface_hub", "prefect", "pymilvus", "unstructured", "torch")
    code = f"import ragkeep.cli, sys; print([name for name in {watched!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
