"""Backfill: whatever the windows, their parts and their order, the end is that of one ingest; and what was erased stays away."""

import os
import random
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flow_rig import BROKEN, OPEN, PARAGRAPHS, Twin, inventory, settings_of
from test_ingest_flow import document

import flows.backfill
from flows.backfill import Window, backfill
from flows.erase import erase
from flows.ingest import ingest
from flows.purge import purge
from flows.targets import Selector
from ledger.backfills import Backfills
from ledger.keyfile import create_key_file

LEAVE, LEAVE_HERE, REQUESTS, PUMP, ITS_PUMP, HOUSING, THIRTY, FOURTEEN = PARAGRAPHS
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
FILES = {f"{'ab'[number % 2]}/{number:02}.txt": document(PARAGRAPHS[number % 8], f"Number {number}.") for number in range(12)}
FILES |= {"b/broken.txt": BROKEN, "b/empty.txt": b""}
EVERYTHING: dict[str, Any] = {"since": None, "until": None, "prefix": "", "partitions": 8}


def kept(folder: Path, name: str) -> Twin:
    """A workspace over the files of `folder`, each written a day after the other; all of one folder name documents alike."""
    source = folder / "source"
    for day, (uri, content) in enumerate(FILES.items()):
        path = source / uri
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            os.utime(path, times=(0, (FIRST + timedelta(days=day)).timestamp()))
    if not (folder / "key").exists():
        create_key_file(folder / "key")
    (folder / name).mkdir()
    shutil.copy(folder / "key", folder / name / "ws.key")
    return Twin(folder / name / "ws", settings_of(sources={"open": {"path": str(source), "terms": OPEN}}))


def fill(twin: Twin, *, restart: bool = False, **window: Any) -> Any:
    return twin.run(backfill, "open", Window.of(**EVERYTHING | window), restart=restart)


def end_of(twin: Twin) -> dict[str, Any]:
    with twin.open() as workspace:
        return inventory(workspace)


class Killed(Exception):
    pass


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_windows_and_parts_in_any_order_cut_short_and_begun_again_end_where_one_ingest_does(folder, monkeypatch, seed):
    chance = random.Random(seed)
    once = kept(folder, "once")
    once.run(ingest, ["open"])

    parts = kept(folder, "parts")
    remaining = Backfills.remaining
    monkeypatch.setattr(Backfills, "remaining", lambda *asked: chance.sample(left := list(remaining(*asked)), len(left)))
    cuts = [None, *(FIRST + timedelta(days=day, hours=1) for day in sorted(chance.sample(range(14), 2))), None]
    windows = [{"since": since, "until": until, "partitions": chance.randint(1, 3)} for since, until in pairwise(cuts)]
    windows += [{"prefix": "a/"}, {"prefix": "b/"}] * (seed % 2)
    chance.shuffle(windows)
    for window in windows:
        _cut_short(parts, monkeypatch, chance, window)
        fill(parts, **window)
    assert end_of(parts) == end_of(once)
    assert fill(parts, **windows[-1]).documents.seen == 0, "what is finished is not done again"
    assert fill(parts, restart=True).documents.seen == len(FILES)
    assert end_of(parts) == end_of(once)


def _cut_short(twin: Twin, monkeypatch: pytest.MonkeyPatch, chance: random.Random, window: dict[str, Any]) -> None:
    """Dies in the first part or in the second, if there is one."""
    again, left = flows.backfill._again, chance.randint(0, 1)

    def die(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return again(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(flows.backfill, "_again", die)
        with suppress(Killed):
            fill(twin, **window)


def test_a_backfill_of_all_there_ever_was_brings_nothing_back_that_was_erased(folder):
    twin = kept(folder, "ws")
    twin.run(ingest, ["open"])
    gone = [{"uri": "a/00.txt"}, {"query": "Number 3"}, {"uri": "b/broken.txt"}]
    for selector in gone:
        ((kind, value),) = selector.items()
        twin.run(erase, Selector(kind, value))
    assert len(twin.run(purge).receipts) == 3
    before = end_of(twin)
    (folder / "source" / "renamed").mkdir()
    for uri in ("a/00.txt", "b/03.txt"):
        (folder / "source" / "renamed" / uri[2:]).write_bytes(FILES[uri])
    (folder / "source" / "saved.txt").write_bytes(b"\xef\xbb\xbf" + FILES["a/00.txt"].replace(b"\n", b"\r\n"))
    done = fill(twin)
    assert done.documents.seen == len(FILES) + 3, "each is counted"
    assert done.documents.quarantined == 3 + 1 + 3, "erased places, the empty file, and what came again"
    after = end_of(twin)
    assert after["served"] == before["served"]
    assert [row["uri"] for row in after["quarantine"] if row["rule"] == "erasure.reencoded"] == ["saved.txt"]
    assert after["blobs"] == before["blobs"]
    assert after["keys"] == before["keys"]
    again = fill(twin, partitions=3)
    assert (again.documents.quarantined, again.upserted, again.embedded) == (7, 0, 0)
