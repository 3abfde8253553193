"""A process killed while it writes leaves the old state or the new one of each document, and the next writer finishes the work."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from contracts.tables import Quarantined
from lake.blobs import BlobStore
from lake.sealing import MemorySealer
from lake.tables import LakeTable

ROOT = Path(__file__).parents[2]
BUCKETS = 2
DOCUMENTS = [f"{number:08x}{'0' * 24}" for number in range(8)]
KEY = b"k" * 32

WRITER = """
import sys
sys.path.insert(0, {root!r})
sys.path.insert(0, {tests!r})
from test_lake_survives_kill import *
table, blobs = opened(Path(sys.argv[1]))
print("ready", flush=True)
for number in range(1, 1000):
    table.replace(rows(number), DOCUMENTS)
    blobs.put(DOCUMENTS[0], DOCUMENTS[0], content(number))
"""


def opened(folder: Path) -> tuple[LakeTable, BlobStore]:
    sealer = MemorySealer({(DOCUMENTS[0], DOCUMENTS[0]): KEY})
    return LakeTable("lake/quarantine", Quarantined, folder / "table", BUCKETS), BlobStore(folder / "blobs", sealer)


def rows(number: int) -> pl.DataFrame:
    fixed = {"version_id": "0" * 32, "fingerprint": "0" * 32, "source_id": "s", "uri": "u", "rule": "r", "remedy": "m"}
    made = [
        {"bucket": place % BUCKETS, "document_id": each, "detail": str(number), "at": None, **fixed} for place, each in enumerate(DOCUMENTS)
    ]
    frame = pl.DataFrame(made, schema=Quarantined.create_empty().schema)
    return frame.with_columns(at=pl.lit(0).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))


def content(number: int) -> bytes:
    return str(number).encode() * 50_000


def killed_writer(folder: Path, seconds: float | None = None, **environment: str) -> int:
    """The exit status of a writer, killed after so many seconds, or by itself."""
    code = WRITER.format(root=str(ROOT), tests=str(Path(__file__).parent))
    writer = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, env=environment)
    assert writer.stdout is not None
    writer.stdout.readline()
    if seconds is not None:
        time.sleep(seconds)
        writer.kill()
    writer.stdout.close()
    return writer.wait(timeout=60)


def check_and_heal(folder: Path) -> None:
    table, blobs = opened(folder)
    held = table.read()
    numbers = held.group_by("bucket").agg(pl.col("detail").unique(), pl.len())
    assert numbers["len"].to_list() == [len(DOCUMENTS) // BUCKETS] * BUCKETS
    assert numbers["detail"].list.len().to_list() == [1] * BUCKETS, "a bucket's commit is whole or not there"
    seen = sorted(int(detail) for (detail,) in numbers["detail"])
    assert seen[-1] - seen[0] <= 1
    blob = blobs.get(DOCUMENTS[0], DOCUMENTS[0])
    assert blob == content(int(blob[: len(blob) // 50_000]))
    table.replace(rows(1_000_000), DOCUMENTS)
    blobs.sweep()
    assert set(table.read()["detail"]) == {"1000000"}
    assert table.purge() == "purged"
    assert blobs.count(DOCUMENTS) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_killed_at_a_random_moment_every_document_is_old_or_new(tmp_path: Path, seed: int) -> None:
    table, blobs = opened(tmp_path)
    table.replace(rows(0), DOCUMENTS)
    blobs.put(DOCUMENTS[0], DOCUMENTS[0], content(0))
    assert killed_writer(tmp_path, random.Random(seed).uniform(0.02, 0.5)) == -signal.SIGKILL
    check_and_heal(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("point", ["lake.replace:1", "lake.replace:2", "lake.replace:3", "blobs.put:1"])
def test_killed_between_two_steps_every_document_is_old_or_new(tmp_path: Path, point: str) -> None:
    table, blobs = opened(tmp_path)
    table.replace(rows(0), DOCUMENTS)
    blobs.put(DOCUMENTS[0], DOCUMENTS[0], content(0))
    assert killed_writer(tmp_path, RAGKEEP_KILL_AT=point) == -signal.SIGKILL
    assert blobs.count(DOCUMENTS) == (2 if point.startswith("blobs") else 1)
    check_and_heal(tmp_path)
