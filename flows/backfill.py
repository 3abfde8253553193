"""Backfill: a window of a source processed again, in partitions that are remembered, so that an interrupted one goes on."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

import polars as pl

from contracts.errors import UsageError
from contracts.ids import bucket, fingerprint
from contracts.ports import Listed, Progress, Source
from contracts.results import Applied, ChunkCounts, DocumentCounts, Ingested
from flows.count import Observed, count_documents
from flows.erase import resume
from flows.ingest import bring_up_to_date, counted
from flows.prepare import pending, silver_fingerprint
from flows.quarantine import OF_LISTING, note
from flows.record import recorded
from flows.refresh import refresh
from flows.retire import Retired, finish_removals
from flows.standing import by_what_answers
from flows.workspace import Workspace

_BEGINNING, _END = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """Documents by modification time (since ≤ time < until) and by the beginning of their uri, and in how many parts they are done."""

    since: datetime
    until: datetime
    prefix: str
    partitions: int

    @classmethod
    def of(cls, *, since: datetime | None, until: datetime | None, prefix: str, partitions: int) -> "Window":
        """A window whose open ends reach to the beginning and the end of time; moments without a zone are in UTC."""
        return cls(_in_utc(since) or _BEGINNING, _in_utc(until) or _END, prefix, partitions)

    def holds(self, listed: Listed, /) -> bool:
        """Whether the document is in the window."""
        return self.since <= listed.modified_at < self.until and listed.uri.startswith(self.prefix)


def backfill(workspace: Workspace, source_id: str, window: Window, /, *, restart: bool, now: datetime, progress: Progress) -> Ingested:
    """Every document of the window is read, parsed and indexed again. Documents outside it, listed or not, are left alone.

    A partition that is finished is not done again by the same backfill (the same window and settings), unless `restart`.
    """
    if source_id not in workspace.registry.all():
        raise UsageError(f"{source_id}: no such source; known: {', '.join(workspace.registry.all()) or 'none'}")
    workspace = by_what_answers(workspace)
    source = workspace.registry.open(source_id)
    listing = [listed for listed in source.list() if window.holds(listed)]
    name = _name(workspace, source_id, window)
    if restart:
        workspace.backfills.restart(name)
    total = _Part()
    with recorded(workspace, "backfill", source_id, now=now) as run:
        resume(workspace, now=now, progress=progress)
        for partition in workspace.backfills.remaining(name, window.partitions):
            part = [
                listed for listed in listing if bucket(workspace.identity.document(source_id, listed.uri), window.partitions) == partition
            ]
            done = _again(workspace, source, part, run.run_id, now=now, progress=progress)
            workspace = by_what_answers(workspace)
            total = _Part(total.documents + done.documents, done.chunks, total.applied + done.applied)
            workspace.backfills.finish(name, partition, now)
            progress.advance("partitions", partition + 1, window.partitions)
        finish_removals(workspace, now=now)
        workspace.lake.compact()
        result = counted(workspace, run, total.documents, total.chunks, total.applied)
        run.counts = result
    return result


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


@dataclass(frozen=True, slots=True)
class _Part:
    """What one partition came to, or all so far."""

    documents: DocumentCounts = field(default_factory=DocumentCounts)
    chunks: ChunkCounts = field(default_factory=ChunkCounts)
    applied: Applied = field(default_factory=Applied)


def _again(workspace: Workspace, source: Source, part: Sequence[Listed], run_id: str, *, now: datetime, progress: Progress) -> _Part:
    """One partition, from the source's bytes on, as if it had never been parsed."""
    refreshed = refresh(workspace, source, part, now=now, progress=progress)
    note(workspace, refreshed.refusals, (), fingerprint=OF_LISTING, now=now)
    ids = list(refreshed.listed)
    workspace.outputs.forget(ids)
    workspace.lake.elements.forget(ids)
    workspace.lake.reports.forget(ids)
    todo = pending(workspace, retry=True).filter(pl.col("document_id").is_in(ids))
    done = bring_up_to_date(workspace, run_id, todo, now=now, progress=progress)
    observed = Observed(source.name, refreshed, Retired(frozenset(), frozenset()))
    documents = count_documents(workspace, [observed], frozenset(), done.prepared)
    return _Part(documents, done.chunks, done.applied)


def _name(workspace: Workspace, source_id: str, window: Window) -> str:
    settings = silver_fingerprint(workspace)
    return fingerprint("backfill", source=source_id, settings=settings, **{k: str(v) for k, v in asdict(window).items()})
