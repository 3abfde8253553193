"""A receipt's moments stand in the order in which things were done, however slow one of them was."""

import json
import time
from datetime import datetime
from pathlib import Path

import pytest
from flow_rig import SILENCE, Twin

from flows import erase as erasing
from flows.erase import erase
from flows.purge import purge
from flows.targets import Selector


def test_a_quick_proof_is_not_dated_before_the_slow_deletion_that_it_proves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A purge that took up a killed erasure was."""
    twin = Twin(folder / "ws")
    twin.files["open"]["a.txt"] = b"The only letter about the green door of the boat house by the lake."
    twin.ingest("open")
    forget = erasing.forget_everywhere

    def slowly(*arguments, **options):
        time.sleep(2)
        return forget(*arguments, **options)

    monkeypatch.setattr(erasing, "forget_everywhere", slowly)
    with twin.open() as workspace:
        erase(workspace, Selector("uri", "a.txt"), now=twin.now, progress=SILENCE)
        done = purge(workspace, now=twin.now, progress=SILENCE)
    receipt = json.loads(Path(done.receipts[0]).read_text())
    suppressed, logical, physical = (datetime.fromisoformat(receipt[name]) for name in ("suppressed_at", "logical_at", "physical_at"))
    assert suppressed <= logical <= physical
