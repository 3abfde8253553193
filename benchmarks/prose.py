"""Sentences of a made-up water company, varied enough that two of them are hardly ever alike."""

from functools import cache
from pathlib import Path
from random import Random

import yaml

_SLOTS = ("who", "did", "old", "what", "where", "when", "so")


def sentence(rng: Random, /) -> str:
    """A sentence about works, with a number in about one of three."""
    return _fill(rng.choice(_words()["sentences"]), rng)


def title(rng: Random, /) -> str:
    """A heading of a few words."""
    return _fill(rng.choice(_words()["titles"]), rng)


def record(rng: Random, /) -> tuple[str, str, str, str]:
    """A table's row: place, thing, what happened, and an amount."""
    chosen = _choose(rng)
    return chosen["where"], f"{chosen['old']} {chosen['what']}", f"{chosen['did']} {chosen['when']}", str(rng.randint(20, 9000))


@cache
def _words() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("prose.yaml").read_text(encoding="utf-8"))
    return lists


def _fill(shape: str, rng: Random) -> str:
    chosen = _choose(rng)
    capitals = {name.capitalize(): words[0].upper() + words[1:] for name, words in chosen.items()}
    return shape.format(**chosen, **capitals)


def _choose(rng: Random) -> dict[str, str]:
    """Two choices for each slot: `who` and `who2`."""
    chosen = {f"{slot}{more}": rng.choice(_words()[slot]) for slot in _SLOTS for more in ("", "2")}
    return chosen | {"so": chosen["so"].format(n=rng.randint(12, 4800))}
