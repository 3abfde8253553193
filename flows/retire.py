"""Documents on their way out: those that left their source, have expired or were erased."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from configs.faults import reach
from contracts.results import Forgotten
from flows.family import Families
from flows.look import Refreshed
from flows.record import audit
from flows.workspace import Workspace
from governance.terms import effective_terms, expired
from governance.withhold import withhold


@dataclass(frozen=True, slots=True)
class Retired:
    """Document ids by what becomes of them."""

    removed: frozenset[str]
    withheld: frozenset[str]


def retire_vanished(workspace: Workspace, source_id: str, refreshed: Refreshed, /, *, now: datetime) -> Retired:
    """Mark what a complete listing no longer has: `removed`, or `missing` where so many removals at once wait for a person.

    Files are counted, not what lies in them: that goes, or waits, with its file, and at once where the file itself has lost it.
    """
    held = _held_before(workspace, source_id, refreshed)
    files, members = held.filter(pl.col("parent_id").is_null()), held.filter(pl.col("parent_id").is_not_null())
    listed = pl.DataFrame(list(refreshed.listed.items()), schema={"document_id": pl.String, "version_id": pl.String}, orient="row")
    # What was in a file before is no place that a vanished one may have moved to.
    known = members.filter(pl.col("version_id").is_not_null())["document_id"]
    unvanished = listed.filter(pl.col("document_id").is_in([*refreshed.erased, *known]).not_())
    found = withhold(unvanished, files, workspace.settings.policies, approved=frozenset(workspace.approvals.approved(source_id)))
    below = Families.of(members).below(found.withheld)
    lost = set(members["document_id"]) - refreshed.listed.keys()
    removed = {*found.removed, *(before for before, _ in found.moved), *(lost - below)}
    withheld = {*found.withheld, *(lost & below)}
    workspace.approvals.withhold(source_id, found.withheld, now)
    _mark(workspace, removed, "removed")
    _mark(workspace, withheld, "missing")
    waiting = workspace.approvals.withheld(source_id).keys() | workspace.approvals.approved(source_id)
    back = waiting & refreshed.listed.keys()
    if back or removed:
        workspace.approvals.clear({*back, *removed})
    return Retired(frozenset(removed), frozenset(withheld))


def retire_expired(workspace: Workspace, /, *, now: datetime) -> frozenset[str]:
    """Mark as `removed` every document whose terms have ended by now."""
    manifest = workspace.lake.manifest.read()
    terms = effective_terms(manifest, workspace.registry.terms(), workspace.identity)
    ended = expired(terms, now)
    _mark(workspace, ended, "removed")
    return ended


def finish_removals(workspace: Workspace, /, *, now: datetime) -> tuple[Forgotten, ...]:
    """Every copy has forgotten the documents marked `removed`; the manifest, which knows of them, forgets last.

    A run calls it first, for what a killed run left, and last, for its own.
    """
    marked = workspace.lake.manifest.read(columns=["document_id", "state"]).filter(pl.col("state") == "removed")["document_id"].to_list()
    return forget_everywhere(workspace, marked, now=now) if marked else ()


def drop_strays(workspace: Workspace, /, *, now: datetime) -> None:
    """After a run that did not end well: bytes stored for a document, or a version, that never reached the manifest are gone."""
    if not _was_cut_short(workspace):
        return
    kept: dict[str, set[str]] = {}
    for frame in (workspace.lake.manifest.read(columns=["document_id", "version_id"]), workspace.outputs.frame()):
        for document_id, version_id in frame.select("document_id", "version_id").iter_rows():
            kept.setdefault(document_id, set()).add(version_id)
    stored = workspace.blobs.documents() | workspace.keys.documents()
    if strays := stored - kept.keys():
        forget_everywhere(workspace, strays, now=now)
    for document_id in stored & kept.keys():
        workspace.blobs.keep_only(document_id, kept[document_id])


def forget_everywhere(workspace: Workspace, document_ids: Collection[str], /, *, now: datetime) -> tuple[Forgotten, ...]:
    """What each copy held of these documents before and after, in the order in which they were told."""
    forgotten = []
    for copy in workspace.copies:
        forgotten.append(copy.forget(document_ids))
        reach("retire.forgot")
    audit(workspace, "documents.forgotten", document_ids, now=now)
    return tuple(forgotten)


def _held_before(workspace: Workspace, source_id: str, refreshed: Refreshed) -> pl.DataFrame:
    """document_id, parent_id and version_id of the source's documents, null where a listed document's version was never finished.

    The manifest names new versions already, written by this run or by one that was killed; a move is still to be known by them.
    """
    of_source = pl.col("source_id") == source_id
    held = workspace.lake.manifest.read(columns=_HELD).filter(of_source)
    finished = workspace.outputs.frame().select("document_id", "version_id", finished=True)
    vanished = pl.col("document_id").is_in(list(refreshed.listed)).not_()
    judged = held.join(finished, on=["document_id", "version_id"], how="left")
    bytes_read = pl.coalesce("original_version_id", "version_id").alias("version_id")
    return judged.select("document_id", "parent_id", pl.when(pl.col("finished").is_not_null() | vanished).then(bytes_read))


_HELD = ("document_id", "parent_id", "source_id", "version_id", "original_version_id")


def _was_cut_short(workspace: Workspace) -> bool:
    """Whether a run ended badly since the last one that surely began by taking up what was left."""
    for run in workspace.runs.recent(limit=_RUNS):
        if run.outcome in ("interrupted", "failed"):
            return True
        if run.outcome == "done" and run.flow not in _MAY_TAKE_UP_NOTHING:
            return False
    return False


_RUNS = 50
_MAY_TAKE_UP_NOTHING = ("reconcile", "erase")


def _mark(workspace: Workspace, document_ids: Collection[str], state: str) -> None:
    if not document_ids:
        return
    rows = workspace.lake.manifest.read(document_ids).filter(pl.col("state") != state)
    if rows.height:
        workspace.lake.manifest.replace(rows.with_columns(state=pl.lit(state)), rows["document_id"].to_list())
