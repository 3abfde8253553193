"""A process killed at any point leaves a workspace that the next run brings to where an undisturbed one would have come."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from drive import LIFE, live
from flow_rig import NOW, inventory, opened, settings_of

from configs import faults
from ledger.keyfile import create_key_file

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("flows", "lake", "ledger", "vectorstore", "sources", "retrieval", "parsing")
POINTS = sorted(
    {point for room in ROOMS for file in (ROOT / room).rglob("*.py") for point in re.findall(r'reach\("([^"]+)"', file.read_text())}
)
SOAK_KILLS = int(os.environ.get("RAGKEEP_SOAK_KILLS", "50"))


@dataclass
class Undisturbed:
    """A life that nobody disturbed: the workspace before each step, what it holds after it, the points that it passed and its seconds."""

    folder: Path
    after: list[dict] = field(default_factory=list)
    passed: list[Counter] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def before(self, number: int, folder: Path) -> Path:
        """A copy of the workspace as it was before a step."""
        return shutil.copytree(self.folder / f"before-{number}", folder / "life")


def held(folder: Path) -> dict:
    with opened(folder / "ws", settings_of(), now=NOW + timedelta(days=len(LIFE))) as workspace:
        return inventory(workspace)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    life = Undisturbed(tmp_path_factory.mktemp("undisturbed"))
    now, real = life.folder / "now", faults.reach
    now.mkdir()
    create_key_file(now / "ws.key")  # else each workspace would have a pepper of its own, and other ids
    with pytest.MonkeyPatch.context() as patch:
        for module in list(sys.modules.values()):
            if getattr(module, "reach", None) is real:
                patch.setattr(module, "reach", lambda point: life.passed[-1].update([point]))
        for number in range(len(LIFE)):
            shutil.copytree(now, life.folder / f"before-{number}")
            life.passed.append(Counter())
            started = time.perf_counter()
            live(now, number)
            life.seconds.append(time.perf_counter() - started)
            life.passed.append(Counter())  # what looking passes is no part of the step
            life.after.append(held(now))
            life.passed.pop()
    return life


def step(folder: Path, number: int, *, kill_at: str = "") -> subprocess.Popen:
    """A process that lives one step, and has begun with it when this returns."""
    command = [sys.executable, str(Path(__file__).with_name("drive.py")), str(folder), str(number)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAGKEEP_KILL_AT": kill_at}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"{LIFE[number]}\n"
    return process


def ended(process: subprocess.Popen) -> tuple[int, str]:
    said, _ = process.communicate(timeout=60)
    return process.returncode, said


def heal_and_compare(folder: Path, number: int, undisturbed: Undisturbed) -> None:
    """The step is taken again, in this process, and everything is as if it had been taken once; after that nothing is left to do."""
    live(folder, number)
    wanted, found = undisturbed.after[number], held(folder)
    for name, content in wanted.items():
        assert found[name] == content, f"{name} after step {number}, {LIFE[number]}"


def test_every_named_point_is_passed_in_the_life_that_is_disturbed(undisturbed):
    passed = sum(undisturbed.passed, Counter())
    assert len(POINTS) > 20
    assert set(POINTS) <= passed.keys()


def kill_at(undisturbed: Undisturbed, folder: Path, point: str, number: int, arrival: int) -> None:
    life = undisturbed.before(number, folder)
    assert ended(step(life, number, kill_at=f"{point}:{arrival}")) == (-signal.SIGKILL, "")
    heal_and_compare(life, number, undisturbed)
    shutil.rmtree(life)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_point_the_next_run_heals_what_was_left(undisturbed, tmp_path, point):
    """In the step that passes it most often, at an arrival in the middle."""
    number = max(range(len(LIFE)), key=lambda number: (undisturbed.passed[number][point], number))
    if arrivals := undisturbed.passed[number][point]:
        kill_at(undisturbed, tmp_path, point, number, (arrivals + 1) // 2)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("number", range(len(LIFE)), ids=[f"{number}-{name}" for number, name in enumerate(LIFE)])
def test_killed_at_every_named_point_of_every_step_the_next_run_heals_what_was_left(undisturbed, tmp_path, number):
    for point, arrivals in sorted(undisturbed.passed[number].items()):
        kill_at(undisturbed, tmp_path, point, number, random.Random(f"{number}{point}").randint(1, arrivals))


def kill_somewhere(undisturbed: Undisturbed, folder: Path, chance: random.Random) -> bool:
    """Whether a process was killed in the middle of a step: it had begun, and had not come to its end."""
    number = chance.randrange(len(LIFE))
    life = undisturbed.before(number, folder)
    process = step(life, number)
    time.sleep(chance.uniform(0, 1.5 * undisturbed.seconds[number]))
    alive = process.poll() is None
    process.kill()
    code, said = ended(process)
    confirmed = alive and code == -signal.SIGKILL and said == ""
    if confirmed:
        heal_and_compare(life, number, undisturbed)
    shutil.rmtree(life)
    return confirmed


@pytest.mark.parametrize("seed", range(5))
def test_killed_at_a_random_moment_the_next_run_heals_what_was_left(undisturbed, tmp_path, seed):
    chance = random.Random(seed)
    assert any(map(partial(kill_somewhere, undisturbed, tmp_path), [chance] * 10)), "nothing was killed in ten attempts"


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_killed_at_many_random_moments_nothing_is_lost_or_doubled(undisturbed, tmp_path):
    """RAGKEEP_SOAK_KILLS confirmed kills in the middle of a step."""
    chance = random.Random(os.environ.get("RAGKEEP_SOAK_SEED", "0"))
    confirmed = 0
    while confirmed < SOAK_KILLS:
        confirmed += kill_somewhere(undisturbed, tmp_path, chance)
    assert confirmed == SOAK_KILLS
