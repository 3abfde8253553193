"""Which vanished documents go at once, and which wait for a person.

A source that suddenly lists nothing is a fault until somebody says otherwise.
"""

from collections import defaultdict
from dataclasses import dataclass

import polars as pl

from configs.settings import PolicySettings


@dataclass(frozen=True, slots=True)
class Removals:
    """Every document that vanished from its source's listing is in exactly one of these. Sorted document ids."""

    removed: tuple[str, ...]
    withheld: tuple[str, ...]
    moved: tuple[tuple[str, str], ...]
    """(where the bytes were, where they are now)"""


def withhold(listed: pl.DataFrame, known: pl.DataFrame, how: PolicySettings, /, *, approved: frozenset[str] = frozenset()) -> Removals:
    """What becomes of the documents of one source that are `known` and no longer `listed`; both have `document_id` and `version_id`.

    `listed` must be complete. The bytes of a document that appear at a place which did not hold them are a move. What a person approved
    goes. The rest goes too, unless it is more than `withhold_documents` and more than `withhold_share` of all that is known.
    """
    versions = dict(known.select("document_id", "version_id").iter_rows())
    present = dict(listed.select("document_id", "version_id").iter_rows())
    vanished = sorted(versions.keys() - present.keys())
    moved = _moves(vanished, versions, present)
    gone = set(vanished) - moved.keys()
    waiting = sorted(gone - approved)
    if not (len(waiting) > how.withhold_documents and len(waiting) > how.withhold_share * len(versions)):
        waiting = []
    return Removals(removed=tuple(sorted(gone.difference(waiting))), withheld=tuple(waiting), moved=tuple(sorted(moved.items())))


def _moves(vanished: list[str], versions: dict[str, str], present: dict[str, str | None]) -> dict[str, str]:
    """Old place → new place, each new place taken once: two documents do not move into one."""
    arrived: dict[str | None, list[str]] = defaultdict(list)
    for document_id, version_id in sorted(present.items(), reverse=True):
        if version_id is not None and versions.get(document_id) != version_id:
            arrived[version_id].append(document_id)
    return {old: arrived[versions[old]].pop() for old in vanished if arrived.get(versions[old])}
