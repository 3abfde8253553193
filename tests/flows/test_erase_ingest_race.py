"""Erasures that are asked for while ingests run: whoever is first, nothing erased is left, and every request has its receipt."""

import os
import random
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from flow_rig import NOW, Twin, texts

from contracts.errors import UsageError
from flows.erase import request_erasure
from flows.purge import purge
from flows.targets import Selector
from ledger.receipts import verify_receipt

SOAK_PAIRS = int(os.environ.get("RAGKEEP_SOAK_PAIRS", "1000"))
TOGETHER = 10
"""Documents that one ingest takes in."""
WORDS = ("harbour", "lantern", "orchard", "granite", "meadow", "copper", "willow", "saddle", "anchor", "barley")


def letter(number: int) -> str:
    """Nothing like any other."""
    chance = random.Random(number)
    return f"Letter zqx{number:05}q: " + " ".join(chance.choice(WORDS) + str(chance.randrange(100)) for _ in range(12)) + "."


def ask_for(twin: Twin, number: int, late: float, over: threading.Event) -> None:
    """An erasure of the letter from a process of its own, as soon as it is known, or a moment later."""
    kind, value = ("uri", f"{number:05}.txt") if number % 3 else ("query", f"zqx{number:05}q")
    time.sleep(late)
    while not over.is_set():
        with twin.open_shared() as workspace:
            try:
                request_erasure(workspace, Selector(kind, value), now=NOW + timedelta(days=1, seconds=number))
            except UsageError:
                time.sleep(0.002)  # not taken in yet
            else:
                return


def race(twin: Twin, pairs: int, seed: int) -> None:
    chance = random.Random(seed)
    erased = range(pairs)
    kept = range(pairs, pairs + pairs // 4 + 1)
    order = [*erased, *kept]
    chance.shuffle(order)
    failures: list[BaseException] = []
    over = threading.Event()
    twin.ingest()  # so that there is a workspace to share

    def ask_in_turn(numbers: list[int]) -> None:
        try:
            for number in numbers:
                ask_for(twin, number, chance.choice([0, 0, 0.01, 0.05]), over)
        except BaseException as failure:
            failures.append(failure)

    wanted = [number for number in order if number in erased]
    threads = [threading.Thread(target=ask_in_turn, args=(wanted[start::2],)) for start in range(2)]
    for thread in threads:
        thread.start()
    try:
        for start in range(0, len(order), TOGETHER):
            twin.files["open"] |= {f"{number:05}.txt": letter(number).encode() for number in order[start : start + TOGETHER]}
            twin.ingest("open")
        while any(thread.is_alive() for thread in threads):
            twin.ingest("open")
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failures == []

    judge(twin, erased, kept, chance)


def judge(twin: Twin, erased: range, kept: range, chance: random.Random) -> None:
    """Nothing erased is anywhere, though it comes again under new names and saved anew; all is proven, and the receipts are sound."""
    for number in chance.sample(erased, min(len(erased), 20)):
        twin.files["people"][f"again/{number:05}.txt"] = letter(number).encode()
        twin.files["open"][f"saved/{number:05}.txt"] = letter(number).upper().encode() + b"\r\n"
    for _ in range(2):
        twin.ingest()
        assert texts(twin) == {letter(number) for number in kept}
    freed = twin.run(purge)
    assert (freed.pending, freed.hits, freed.unread) == (0, 0, 0)
    with twin.open() as workspace:
        requests = workspace.requests.all()
        pem = workspace.signer.public_key_pem()
        receipts = [Path(f"{workspace.root}.receipts") / f"{request.request_id}.json" for request in requests]
        known = {workspace.identity.document("open", f"{number:05}.txt") for number in erased}
        assert [copy.name for copy in workspace.copies if copy.count(known)] == []
    assert {request.state for request in requests} == {"purged"}
    assert len([request for request in requests if request.kind != "returned"]) == len(erased)
    assert {problem for receipt in receipts for problem in verify_receipt(receipt.read_bytes(), pem)} == set()


@pytest.mark.slow
def test_forty_erasures_win_against_the_ingests_that_they_run_beside(twin):
    race(twin, 40, 1)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_a_thousand_erasures_win_against_the_ingests_that_they_run_beside(twin):
    race(twin, SOAK_PAIRS, 2)
