"""An erasure with its purge, killed at any moment, is completed by the next run: nothing comes back, and its receipt says what is true."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from erasing import ANNS, ANNS_DOCUMENTS, CANARIES, begin, erase_ann, sources
from flow_rig import SILENCE, inventory, opened, settings_of

from configs import faults
from flows.ask import ask
from flows.expire import expire
from flows.ingest import ingest_from
from flows.purge import purge
from flows.reconcile import reconcile
from flows.workspace import Workspace
from forensics.scan import scan
from ledger.receipts import verify_receipt
from ledger.requests import Request

ROOT = Path(__file__).resolve().parents[2]
SOAK_KILLS = int(os.environ.get("RAGKEEP_SOAK_KILLS", "100"))
NEEDLES = [canary.encode() for canary in CANARIES] + [uri.encode() for uri in ANNS] + [b"zqinner-of-ann.zip"]
STEPS = ("erase.recorded", "suppressions.logged", "erase.suppressed", "sync.deleted", "erase.synchronised", "retire.forgot", "purge.freed")
"""In their order; between them lie those of the stores."""


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A workspace before the erasure, what it holds after one that nobody disturbed, the points that it passed and its seconds."""

    folder: Path
    after: dict[str, Any]
    passed: Counter[str]
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("before")
    begin(folder)
    passed: Counter[str] = Counter()
    real = faults.reach
    once = Path(shutil.copytree(folder, tmp_path_factory.mktemp("counted") / "life"))
    with pytest.MonkeyPatch.context() as patch:
        for module in list(sys.modules.values()):
            if getattr(module, "reach", None) is real:
                patch.setattr(module, "reach", lambda point: passed.update([point]))
        started = time.perf_counter()
        erase_ann(once)
        seconds = time.perf_counter() - started
    return Undisturbed(folder, held_after_a_run(once), passed, seconds)


def held_after_a_run(folder: Path) -> dict[str, Any]:
    _open(folder, _ingest)
    return _open(folder, inventory)


def _open(folder: Path, what: Callable[[Workspace], Any]) -> Any:
    with opened(folder / "ws", settings_of(), now=datetime.now(UTC)) as workspace:
        return what(workspace)


def _ingest(workspace: Workspace) -> None:
    ingest_from(workspace, sources(), retry_quarantined=False, now=datetime.now(UTC), progress=SILENCE)


def _purge(workspace: Workspace) -> None:
    purge(workspace, now=datetime.now(UTC), progress=SILENCE)


def _expire(workspace: Workspace) -> None:
    expire(workspace, now=datetime.now(UTC), progress=SILENCE)


def _reconcile(workspace: Workspace) -> None:
    reconcile(workspace, repair=True, now=datetime.now(UTC), progress=SILENCE)


NEXT: dict[str, Callable[[Workspace], None]] = {"ingest": _ingest, "purge": _purge, "expire": _expire, "reconcile": _reconcile}


def erasing(folder: Path, *, kill_at: str = "") -> subprocess.Popen[str]:
    """A process in which the command has begun when this returns."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAGKEEP_KILL_AT": kill_at}
    command = [sys.executable, str(Path(__file__).with_name("erasing.py")), str(folder)]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def check(folder: Path, undisturbed: Undisturbed, next_run: str) -> bool:
    """All that must hold after a kill, and after whichever run comes next. True if it came between the request and its final receipt."""
    request = _open(folder, _request)
    receipts = _receipts(folder)
    closed = any(receipt["physical_at"] for receipt in receipts)
    _truthful_now(folder, receipts)
    if _acknowledged(folder):
        assert _open(folder, _found_of_ann) == []
    if request is None:  # nothing was acknowledged: whoever asked asks again
        erase_ann(folder)
    else:
        _open(folder, NEXT[next_run])
        request = _open(folder, _request)
        assert request.state == "purged" if next_run == "purge" else request.state in ("deleted", "purged")
        assert _open(folder, lambda workspace: _left(workspace, request)) == []
        _open(folder, _purge)
    _completed(folder, undisturbed)
    return request is not None and not closed


def _completed(folder: Path, undisturbed: Undisturbed) -> None:
    request = _open(folder, _request)
    assert request.state == "purged"
    [receipt] = _receipts(folder)
    assert (receipt["request_id"], receipt["documents"], receipt["scan"]["hits"]) == (request.request_id, ANNS_DOCUMENTS, 0)
    assert all(copy["after"] == 0 for copy in receipt["copies"])
    assert receipt["suppressed_at"] <= receipt["logical_at"] <= receipt["physical_at"]
    found = held_after_a_run(folder)
    for name, content in undisturbed.after.items():
        assert found[name] == content, name
    assert _open(folder, _found_of_ann) == []
    gone = scan(folder, NEEDLES)
    assert gone.proves_absence, (gone.found, gone.unread)
    assert not _open(folder, lambda workspace: workspace.audit.verify().problems)


def _truthful_now(folder: Path, receipts: list[dict[str, Any]]) -> None:
    """A receipt that a kill left claims no more than is true at that moment."""
    for receipt in receipts:
        assert all(copy["after"] == 0 for copy in receipt["copies"])
        request = _open(folder, _request)
        assert request.request_id == receipt["request_id"]
        assert _open(folder, lambda workspace, request=request: _left(workspace, request)) == []
        if receipt["physical_at"]:
            assert scan(folder, NEEDLES).proves_absence


def _receipts(folder: Path) -> list[dict[str, Any]]:
    """All of them verified with the public key alone."""
    files = [path.read_bytes() for path in sorted((folder / "ws.receipts").glob("*.json"))]
    key = _open(folder, lambda workspace: workspace.signer.public_key_pem()) if files else b""
    assert [verify_receipt(file, key) for file in files] == [()] * len(files)
    return [json.loads(file) for file in files]


def _request(workspace: Workspace) -> Request | None:
    requests = workspace.requests.all()
    assert len(requests) < 2
    return requests[0] if requests else None


def _left(workspace: Workspace, request: Request) -> list[str]:
    """The copies that hold something of hers."""
    return [copy.name for copy in workspace.copies if copy.count(request.documents)]


def _acknowledged(folder: Path) -> bool:
    """Whether the log outside names all her documents."""
    log = folder / "ws.suppressions.jsonl"
    said = {json.loads(line)["key"] for line in log.read_text().splitlines()} if log.exists() else set()
    return _open(folder, lambda workspace: {workspace.identity.document("people", uri) for uri in ANNS} <= said)


def _found_of_ann(workspace: Workspace) -> list[str]:
    answers = [ask(workspace, canary, limit=20, now=datetime.now(UTC)) for canary in CANARIES]
    return [hit.uri for answer in answers for hit in answer.hits if hit.uri.partition("!/")[0] in ANNS]


def kill_at(undisturbed: Undisturbed, folder: Path, point: str, arrival: int) -> bool:
    life = Path(shutil.copytree(undisturbed.folder, folder / "life"))
    process = erasing(life, kill_at=f"{point}:{arrival}")
    said, _ = process.communicate(timeout=300)
    assert (process.returncode, said) == (-signal.SIGKILL, "")
    killed = check(life, undisturbed, random.Random(f"{point}{arrival}").choice(sorted(NEXT)))
    shutil.rmtree(life)
    return killed


def kill_somewhere(undisturbed: Undisturbed, folder: Path, chance: random.Random) -> bool | None:
    """Whether the kill came amid the erasure; None where the command had ended."""
    life = Path(shutil.copytree(undisturbed.folder, folder / "life"))
    process = erasing(life)
    time.sleep(chance.uniform(0, undisturbed.seconds))
    process.kill()
    said, _ = process.communicate(timeout=300)
    amid = process.returncode == -signal.SIGKILL and "done" not in said
    killed = check(life, undisturbed, chance.choice(sorted(NEXT))) if amid else None
    shutil.rmtree(life)
    return killed


def test_before_it_she_is_found_and_after_it_she_is_not_and_every_step_is_a_named_point(undisturbed, tmp_path):
    life = Path(shutil.copytree(undisturbed.folder, tmp_path / "life"))
    assert set(_open(life, _found_of_ann)) > {"ann/memo.txt"}
    assert undisturbed.passed.keys() >= set(STEPS)
    assert len(undisturbed.passed) > 15


@pytest.mark.parametrize("point", ["erase.suppressed", "purge.freed"])
def test_an_erasure_killed_at_a_step_is_completed_by_the_next_run(undisturbed, tmp_path, point):
    assert kill_at(undisturbed, tmp_path, point, 1)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["erase.recorded", "sync.deleted", "retire.forgot", "purge.moved"])
def test_so_it_is_amid_what_a_step_does(undisturbed, tmp_path, point):
    assert kill_at(undisturbed, tmp_path, point, (undisturbed.passed[point] + 1) // 2)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_killed_at_every_arrival_at_every_step_it_is_completed(undisturbed, tmp_path):
    killed = [
        kill_at(undisturbed, tmp_path, point, arrival)
        for point, arrivals in sorted(undisturbed.passed.items())
        for arrival in range(1, arrivals + 1)
    ]
    assert sum(killed) > 40


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_killed_at_a_hundred_random_moments_it_is_completed(undisturbed, tmp_path):
    """RAGKEEP_SOAK_KILLS kills between the record of the request and its final receipt."""
    chance = random.Random(os.environ.get("RAGKEEP_SOAK_SEED", "0"))
    states: Counter[str] = Counter()
    while states["confirmed"] < SOAK_KILLS:
        killed = kill_somewhere(undisturbed, tmp_path, chance)
        states["missed" if killed is None else "confirmed" if killed else "early or late"] += 1
        print(dict(states), flush=True)
