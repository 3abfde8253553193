"""Deadlines of the law, kept as data in `jurisdictions.yaml`."""

from functools import cache
from pathlib import Path

import yaml


@cache
def strictest_deadline() -> tuple[str, int]:
    """Whose deadline for an erasure is the shortest, and its hours."""
    entries = yaml.safe_load(Path(__file__).with_name("jurisdictions.yaml").read_text(encoding="utf-8"))
    hours, name = min((entry["erasure_hours"], name) for name, entry in entries.items())
    return name, hours
