"""A workspace of several that share a cache, and one at work as a process of its own: `share_in_process.py PLACE WORKSPACE TURNS`.

It prints what the workspace owns in the end, which is its own doing alone, whatever others do meanwhile.
"""

import json
import random
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from contracts.ids import Identity
from ledger.database import open_sqlite
from ledger.postgres import open_postgres
from ledger.vector_tables import Sharer
from ledger.vectors import VectorCache

SCHEMA = "at_once"
KEYS = [f"key {number}" for number in range(30)]
DOCUMENTS = ["1", "2", "3"]


def sharing(workspace: str, key: bytes = b"in common") -> Sharer:
    return Sharer(workspace, Identity(key), Path("shared.key"))


def vector_of(key: str, dimensions: int = 8) -> Any:
    vector = np.random.default_rng(list(key.encode())).normal(size=dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def put(cache: VectorCache, *owners: tuple[str, str], dimensions: int = 8) -> None:
    keys = list(dict.fromkeys(key for key, _ in owners))
    cache.put(keys, np.stack([vector_of(key, dimensions) for key in keys]), owners)


def open_place(place: str, workspace: str) -> VectorCache:
    engine = open_postgres(place, SCHEMA) if place.startswith("postgresql:") else open_sqlite(Path(place))
    return VectorCache(engine, sharing(workspace))


def work(cache: VectorCache, turns: int) -> set[tuple[str, str]]:
    chance, owned = random.Random(cache.sharer.workspace), set[tuple[str, str]]()
    for _ in range(turns):
        document = chance.choice(DOCUMENTS)
        owners = [(key, document) for key in chance.sample(KEYS, 6)]
        found = cache.take(owners, model="m", on=date(2026, 3, 1))
        missing = [owner for owner in owners if owner[0] not in found]
        if missing:
            put(cache, *missing)
        owned.update(owners)
        leaving = chance.choice(DOCUMENTS)
        if chance.random() < 0.4:
            cache.forget([leaving])
            owned = {(key, said) for key, said in owned if said != leaving}
        elif chance.random() < 0.5:
            kept = set(chance.sample(KEYS, 15))
            cache.retain({leaving: kept})
            owned = {(key, said) for key, said in owned if said != leaving or key in kept}
        if chance.random() < 0.1:
            cache.purge()
    return owned


if __name__ == "__main__":
    place, workspace, turns = sys.argv[1:]
    opened = open_place(place, workspace)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(sorted(work(opened, int(turns)))))
    opened.close()
