import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from contracts.errors import StoreUnavailable, WorkspaceLocked
from ledger.lock import hold, holder

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROGRAM = (
    "import sys, time; from pathlib import Path; from datetime import datetime, UTC; from ledger.lock import hold\n"
    "with hold(Path(sys.argv[1]), command='ingest', since=datetime(2026, 3, 1, 12, tzinfo=UTC)):\n"
    "    print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def other(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_by_the_name_of_the_first_and_may_enter_after_it(tmp_path, other):
    said = rf"^{tmp_path}: in use by pid {other.pid}, ingest, since 2026-03-01T12:00:00\+00:00\. Wait"
    with pytest.raises(WorkspaceLocked, match=said), hold(tmp_path, command="erase", since=SINCE):
        pass
    assert holder(tmp_path) == f"pid {other.pid}, ingest, since 2026-03-01T12:00:00+00:00"
    other.communicate("")
    with hold(tmp_path, command="erase", since=SINCE):
        assert "erase" in holder(tmp_path)


def test_a_killed_holder_lets_go(tmp_path, other):
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert holder(tmp_path) is None
    with hold(tmp_path, command="reconcile", since=SINCE):
        pass


def test_the_lock_is_let_go_when_the_block_fails_and_is_not_entered_twice(tmp_path):
    def enter_twice():
        with hold(tmp_path, command="ingest", since=SINCE), hold(tmp_path, command="plan", since=SINCE):
            pass

    with pytest.raises(WorkspaceLocked, match=r"in use by pid [0-9]+, ingest"):
        enter_twice()
    assert holder(tmp_path) is None


def test_nobody_holds_a_workspace_that_is_not_there(tmp_path):
    assert holder(tmp_path / "nowhere") is None
    with pytest.raises(StoreUnavailable, match="cannot be opened"), hold(tmp_path / "nowhere", command="ingest", since=SINCE):
        pass
