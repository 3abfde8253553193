"""Named points at which a test may kill the process, to prove that the next run heals what was left."""

import os
import signal

_ARMED = os.environ.get("RAGKEEP_KILL_AT", "")
_passed = 0


def reach(point: str, /) -> None:
    """Do nothing, unless the environment says `RAGKEEP_KILL_AT=POINT` or `POINT:N`: then the N-th arrival (from 1) is a SIGKILL."""
    global _passed
    if not _ARMED:
        return
    name, _, nth = _ARMED.partition(":")
    if name == point:
        _passed += 1
        if _passed == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
