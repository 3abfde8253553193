"""What became of the documents of a run, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.results import DocumentCounts
from flows.look import Refreshed
from flows.prepare import Prepared
from flows.retire import Retired
from flows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Observed:
    """One source after its listing was compared with the manifest."""

    source_id: str
    refreshed: Refreshed
    retired: Retired


def count_documents(workspace: Workspace, observed: Sequence[Observed], expired: frozenset[str], prepared: Prepared, /) -> DocumentCounts:
    """Each listed document once: quarantined or erased, added, changed, expired, or unchanged; those no longer listed beside them."""
    held = set(workspace.lake.quarantine.read(columns=["document_id"])["document_id"])
    return sum((_count(source, held, expired, prepared) for source in observed), DocumentCounts())


def _count(source: Observed, held: set[str], expired: frozenset[str], prepared: Prepared) -> DocumentCounts:
    refreshed, listed = source.refreshed, source.refreshed.listed.keys()
    refused = {refusal.document_id for refusal in refreshed.refusals} | refreshed.erased | (held & listed)
    gone = (expired & listed) - refused
    added = refreshed.added - refused - gone
    changed = ((refreshed.changed | prepared.finished) & listed) - added - refused - gone
    seen = len(listed | refused)
    return DocumentCounts(
        seen=seen,
        added=len(added),
        changed=len(changed),
        removed=len(source.retired.removed | gone),
        unchanged=seen - len(refused) - len(gone) - len(added) - len(changed),
        quarantined=len(refused),
        withheld=len(source.retired.withheld),
    )
