"""Ingest: sources → bronze → silver → gold → index, whatever changed and nothing else."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import polars as pl

from contracts.ports import Listed, Progress, Source
from contracts.results import Applied, ChunkCounts, DocumentCounts, Ingested
from flows.cost import price
from flows.count import Observed, count_documents
from flows.erase import resume, resume_erasures
from flows.judge import Bar, Judged
from flows.prepare import Prepared, pending, prepare
from flows.quarantine import note_listing
from flows.record import Running, audit, recorded
from flows.redact import redact_refused, reopen_redacted
from flows.refresh import refresh
from flows.retire import finish_removals, retire_expired, retire_vanished
from flows.standing import by_what_answers, refuse
from flows.synchronise import synchronise
from flows.workspace import Workspace


def ingest(
    workspace: Workspace, sources: Sequence[str], /, *, retry_quarantined: bool = False, now: datetime, progress: Progress
) -> Ingested:
    """The index holds what these sources, terms and consents want as of `now`. A run that changes nothing writes nothing."""
    opened = [workspace.registry.open(name) for name in sources]
    return ingest_from(workspace, opened, retry_quarantined=retry_quarantined, now=now, progress=progress)


def ingest_from(
    workspace: Workspace, sources: Sequence[Source], /, *, retry_quarantined: bool, now: datetime, progress: Progress
) -> Ingested:
    """As `ingest`, from sources that are open already."""
    workspace = by_what_answers(workspace)
    with recorded(workspace, "ingest", ",".join(source.name for source in sources), now=now) as run:
        resume(workspace, now=now, progress=progress)
        reopen_redacted(workspace, now=now)
        observed = [_observe(workspace, source, now, progress) for source in sources]
        expired = retire_expired(workspace, now=now)
        redact_refused(workspace, now=now)
        done = bring_up_to_date(workspace, run.run_id, pending(workspace, retry=retry_quarantined), now=now, progress=progress)
        workspace = done.workspace
        finish_removals(workspace, now=now)
        resume_erasures(workspace, now=now, progress=progress)  # of what was asked for meanwhile
        workspace.lake.compact()
        documents = count_documents(workspace, observed, expired, done.prepared)
        result = counted(workspace, run, documents, done.chunks, done.applied)
        run.counts = result
    if result.documents.withheld:
        workspace.notifier.notify("removals.withheld", sources=[source.name for source in sources], documents=result.documents.withheld)
    return result


def counted(workspace: Workspace, run: Running, documents: DocumentCounts, chunks: ChunkCounts, applied: Applied, /) -> Ingested:
    """What a run is remembered by, with what it has taken so far."""
    seconds = run.seconds()
    cost = price(applied.tokens, seconds, workspace.settings.costs)
    refused = workspace.refusal.reason if workspace.refusal else ""
    return Ingested(documents, chunks, **asdict(applied), seconds=seconds, price=cost, run_id=run.run_id, refused=refused)


@dataclass(frozen=True, slots=True)
class UpToDate:
    """What silver and the index took."""

    workspace: Workspace
    """By what answers now: the one that was given, unless its settings were refused."""
    prepared: Prepared
    chunks: ChunkCounts
    applied: Applied
    judged: Judged


def bring_up_to_date(
    workspace: Workspace, run_id: str, todo: pl.DataFrame, /, *, bar: Bar | None = None, now: datetime, progress: Progress
) -> UpToDate:
    """Silver of these documents, and the whole index, are current; a `bar` as `synchronise` takes it.

    Where what was built beside is refused, it is kept, and all is current by what answers.
    """
    prepared = prepare(workspace, todo, now=now, progress=progress)
    audit(workspace, "documents.prepared", prepared.finished, now=now)
    done = synchronise(workspace, run_id, bar=bar, now=now, progress=progress)
    if done.judged.refused:
        refuse(workspace, done.judged.refused, now=now)
        other = by_what_answers(workspace)
        if other is not workspace:
            again = bring_up_to_date(other, run_id, pending(other), now=now, progress=progress)
            return UpToDate(other, prepared, again.chunks, done.applied + again.applied, done.judged)
    return UpToDate(workspace, prepared, done.decision.counts, done.applied, done.judged)


def _observe(workspace: Workspace, source: Source, now: datetime, progress: Progress) -> Observed:
    listing: list[Listed] = list(source.list())
    refreshed = refresh(workspace, source, listing, now=now, progress=progress)
    note_listing(workspace, source.name, refreshed.refusals, refreshed.listed, now=now)
    return Observed(source.name, refreshed, retire_vanished(workspace, source.name, refreshed, now=now))
