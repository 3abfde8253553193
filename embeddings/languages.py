"""Which languages a model was made for, as its publisher's card says."""

from collections.abc import Collection
from pathlib import Path

import yaml

_ANY = "multilingual"


def stated_languages(folder: Path, /) -> frozenset[str]:
    """ISO 639-1 codes without a region, or `multilingual`, of the head of the folder's README.md; empty where it says nothing."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8") if card.is_file() else ""
    head = text.split("\n---", 1)[0].removeprefix("---") if text.startswith("---") else ""
    try:
        stated = yaml.safe_load(head)
    except yaml.YAMLError:
        return frozenset()
    languages = stated.get("language") if isinstance(stated, dict) else None
    return frozenset(str(each).lower().partition("-")[0] for each in (languages if isinstance(languages, list) else [languages]) if each)


def unfit_languages(stated: Collection[str], held: Collection[str], /) -> tuple[str, ...]:
    """Those of `held` that the model was not made for, sorted. None if it says nothing or that it is for any."""
    return () if not stated or _ANY in stated else tuple(sorted({each for each in held if each} - set(stated)))
