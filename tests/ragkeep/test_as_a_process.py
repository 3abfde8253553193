"""What only a process of its own can show: `python -m ragkeep`, a closed pipe, Ctrl-C, and two at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from front_door import FERRY, Site, write

RAGKEEP = (sys.executable, "-m", "ragkeep")


def test_the_module_and_the_command_are_the_same() -> None:
    script = Path(sys.executable).with_name("ragkeep")
    outputs = [subprocess.run([*start, "--version"], capture_output=True, text=True, check=True).stdout for start in (RAGKEEP, (script,))]
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_who_had_enough_sees_no_traceback(site: Site, options: tuple[str, ...]) -> None:
    command = [*RAGKEEP, "--workspace", str(site.home), "show", "bridge.md", "--elements", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()  # type: ignore[union-attr]
        err = process.stderr.read()  # type: ignore[union-attr]
    assert (process.returncode, err) == (0, b"")


@pytest.mark.slow
def test_ctrl_c_in_an_ingest_ends_it_at_once_and_the_next_run_finishes_it(tmp_path: Path) -> None:
    site = Site(tmp_path / "keep")
    for number in range(40):
        write(tmp_path / "docs" / f"{number}.txt", f"{FERRY} This is departure number {number}, from pier {number % 7}.")
    started = subprocess.Popen(
        [*RAGKEEP, "--workspace", str(site.home), "ingest", str(tmp_path / "docs"), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for(site.home / "lake" / "bronze" / "manifest")
    held = subprocess.run([*RAGKEEP, "--workspace", str(site.home), "status"], capture_output=True, text=True, check=False)
    assert (held.returncode, held.stdout) == (3, "")
    assert f"in use by pid {started.pid}, ingest, since " in held.stderr
    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "stopped; the next run takes up where this one was"
    assert "Traceback" not in err
    done = site.run("ingest", "--json").json
    assert done["documents"]["seen"] == 40
    assert site.run("status", "--json").json["stores"]["index"] == done["chunks"]["wanted"] > 0
    assert site.run("status", "--json").json["runs"][0]["outcome"] == "done"


def wait_for(path: Path) -> None:
    until = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < until, path
        time.sleep(0.1)
