"""Erasure: suppressed at once, then forgotten by every copy, and refused for ever."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

from configs.faults import reach
from contracts.errors import UsageError
from contracts.ports import Progress
from contracts.results import Erased, Forgotten
from flows.receipt import issue_receipt
from flows.record import audit, recorded
from flows.registry import drop_files
from flows.retire import drop_strays, finish_removals, forget_everywhere
from flows.synchronise import synchronise
from flows.workspace import Workspace
from governance.terms import effective_terms
from ledger.consent import Receipt
from ledger.requests import Request
from ledger.suppressions import Suppression

Kind = Literal["subject", "document", "uri", "source"]


@dataclass(frozen=True, slots=True)
class Selector:
    """What to erase: everything about a person, one document by its id or its place, or a whole source."""

    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class Target:
    """A document that an erasure reaches."""

    document_id: str
    source_id: str
    uri: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an erasure would reach: documents, and entries by copy."""

    targets: tuple[Target, ...]
    copies: dict[str, int]


def preview(workspace: Workspace, selector: Selector, /) -> Preview:
    """The documents of a selector, and what every copy holds of them. Changes nothing."""
    targets = find_targets(workspace, selector)
    ids = [target.document_id for target in targets]
    return Preview(targets, {copy.name: copy.count(ids) for copy in workspace.copies})


def find_targets(workspace: Workspace, selector: Selector, /) -> tuple[Target, ...]:
    """The documents that the selector names, and all others of the same bytes. UsageError if nothing and nobody is known by it."""
    held = _held(workspace)
    named = held.filter(_names(workspace, selector))
    if named.is_empty() and selector.kind != "subject":
        raise UsageError(f"erase: no document with {selector.kind} {selector.value!r} is held. What is held: ragkeep status")
    same = pl.concat([named, held.join(named, on="version_id", how="semi")]).select("document_id", "source_id", "uri").unique()
    return tuple(Target(*row) for row in same.sort("source_id", "uri").iter_rows())


def erase(workspace: Workspace, selector: Selector, /, *, now: datetime, progress: Progress) -> Erased:
    """The documents are in no copy when this returns; `purge` says whether their bytes are gone from the disk too.

    Each step is recorded: a killed erasure is finished by the next flow, whichever it is. What the erased documents hid,
    their duplicates, is served from the same run on.
    """
    resume(workspace, now=now, progress=progress)
    return carry_out(workspace, request_erasure(workspace, selector, now=now), now=now, progress=progress)


def request_erasure(workspace: Workspace, selector: Selector, /, *, now: datetime) -> Request:
    """The request, once its documents are suppressed: no search and no run serves them from then on.

    It needs no more than a shared workspace: a run that is under way takes the rows out, and whoever comes next does the rest.
    """
    targets = find_targets(workspace, selector)
    opaque = _opaque(workspace, selector)
    if selector.kind == "subject":
        _withdraw(workspace, opaque, now)
    # The request comes first: were the suppressions written before it, a crash between the two would leave an erasure nobody finishes.
    request = workspace.requests.record(selector.kind, opaque, now, [target.document_id for target in targets])
    reach("erase.recorded")
    _suppress(workspace, request, now)
    return request


def resume(workspace: Workspace, /, *, now: datetime, progress: Progress) -> None:
    """What killed runs left is finished: erasures, removals, and bytes that were stored for no document. Every flow begins so."""
    resume_erasures(workspace, now=now, progress=progress)
    finish_removals(workspace, now=now)
    drop_strays(workspace, now=now)


def resume_erasures(workspace: Workspace, /, *, now: datetime, progress: Progress) -> tuple[Erased, ...]:
    """Erasures that a killed process left, or that were asked for while another run was under way, each finished now."""
    return tuple(carry_out(workspace, request, now=now, progress=progress) for request in workspace.requests.unfinished())


def carry_out(workspace: Workspace, request: Request, /, *, now: datetime, progress: Progress) -> Erased:
    """Every copy has forgotten the documents of the request when this returns. What another process has carried out stands as it did."""
    request = workspace.requests.get(request.request_id)
    if request.state != "suppressed":
        return _as_it_stands(request)
    _suppress(workspace, request, now)
    with recorded(workspace, "erase", "", now=now) as run:
        before = {copy.name: copy.count(request.documents) for copy in workspace.copies}
        synchronise(workspace, run.run_id, now=now, progress=progress, leaving=request.documents)
        reach("erase.synchronised")
        copies = _counted_from(before, forget_everywhere(workspace, request.documents, now=now))
        drop_files(workspace.registry, set(workspace.lake.manifest.read(columns=["source_id"])["source_id"]))
        deleted_at = run.moment()
        deleted = workspace.requests.advance(request.request_id, "deleted", deleted_at, copies)
        audit(workspace, "erase.deleted", [request.request_id], now=deleted_at)
        receipt = issue_receipt(workspace, deleted, now=deleted_at)
        erased = Erased(request.request_id, "deleted", len(request.documents), copies, logical_at=deleted_at, receipt=str(receipt))
        run.counts = erased
    return erased


def _as_it_stands(request: Request) -> Erased:
    return Erased(
        request.request_id,
        request.state,
        len(request.documents),
        request.copies,
        purge="purged" if request.state == "purged" else "pending",
        logical_at=request.deleted_at,
        physical_at=request.purged_at,
    )


def _suppress(workspace: Workspace, request: Request, now: datetime) -> None:
    before = workspace.suppressions.sequence()
    if workspace.suppressions.add(_suppressions(workspace, request, now)) > before:
        audit(workspace, "erase.suppressed", [request.request_id], now=now)
    reach("erase.suppressed")


def _held(workspace: Workspace) -> pl.DataFrame:
    """document_id, source_id, uri, version_id of every version held or served; null where only the quarantine knows the document."""
    manifest = workspace.lake.manifest.read(columns=["document_id", "source_id", "uri", "version_id"])
    places = manifest.drop("version_id")
    served = workspace.lake.chunks.read(columns=["document_id", "version_id"]).unique().join(places, on="document_id")
    waiting = workspace.lake.quarantine.read(columns=["document_id", "source_id", "uri"]).join(places, on="document_id", how="anti")
    return pl.concat([manifest, served.select(manifest.columns), waiting.with_columns(version_id=pl.lit(None, pl.String))]).unique()


def _names(workspace: Workspace, selector: Selector) -> pl.Expr:
    match selector.kind:
        case "document":
            return pl.col("document_id") == selector.value
        case "uri":
            return pl.col("uri") == selector.value
        case "source":
            return pl.col("source_id") == selector.value
        case "subject":
            key = workspace.identity.subject(selector.value)
            terms = effective_terms(workspace.lake.manifest.read(), workspace.registry.terms(), workspace.identity)
            return pl.col("document_id").is_in(terms.filter(pl.col("subject_keys").list.contains(key))["document_id"].to_list())


def _opaque(workspace: Workspace, selector: Selector) -> str:
    """The selector's value as it may be kept: ids as they are, names as keyed hashes."""
    match selector.kind:
        case "document":
            return selector.value
        case "subject":
            return workspace.identity.subject(selector.value)
        case _:
            return workspace.identity.content(selector.kind, selector.value)


def _suppressions(workspace: Workspace, request: Request, now: datetime) -> list[Suppression]:
    """The places, and the bytes wherever they turn up again: of the version that is held, and of an older one that is still served.

    A request that is taken up finds fewer versions; the others are suppressed already, for that is done before any copy forgets.
    """
    tables = (workspace.lake.manifest, workspace.lake.chunks)
    versions = {version for table in tables for version in table.read(request.documents, columns=["version_id"])["version_id"]}
    places = [Suppression("document", document_id, request.request_id, now) for document_id in request.documents]
    return places + [Suppression("version", version_id, request.request_id, now) for version_id in sorted(versions)]


def _withdraw(workspace: Workspace, subject_key: str, now: datetime) -> None:
    """An erased person agrees to nothing any more; a new grant admits only documents that were never erased."""
    purposes = workspace.settings.policies.purposes
    workspace.consent.record(Receipt(subject_key, purpose, "withdrawn", now, now, method="erasure") for purpose in purposes)


def _counted_from(before: dict[str, int], forgotten: tuple[Forgotten, ...]) -> tuple[Forgotten, ...]:
    """Counts from before the index was synchronised, which already took rows out."""
    return tuple(Forgotten(copy.copy, before[copy.copy], copy.after, copy.shared) for copy in forgotten)
