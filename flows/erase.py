"""Erasure: suppressed at once, then forgotten by every copy, and refused for ever."""

from datetime import datetime

import polars as pl

from configs.faults import reach
from contracts.ids import fingerprint
from contracts.ports import Progress
from contracts.results import Erased, Forgotten
from flows.family import Families
from flows.prepare import pending, prepare
from flows.receipt import issue_receipt
from flows.record import audit, recorded
from flows.redact import redact_refused
from flows.registry import drop_files
from flows.retire import drop_strays, finish_removals, forget_everywhere
from flows.returned import find_returned
from flows.synchronise import take_out
from flows.targets import Selector, find_originals, find_targets, hide
from flows.workspace import Workspace
from ledger.consent import Receipt
from ledger.requests import Request
from ledger.suppressions import Suppression


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
    targets = find_targets(workspace, selector, now=now)
    opaque = hide(workspace, selector)
    if selector.kind == "subject":
        _withdraw(workspace, opaque, now)
    # The request comes first: were the suppressions written before it, a crash between the two would leave an erasure nobody finishes.
    goes, stays = ([target.document_id for target in targets if target.redacted is redacted] for redacted in (False, True))
    request = workspace.requests.record(selector.kind, opaque, now, goes, redacted=stays)
    reach("erase.recorded")
    _suppress(workspace, request, now)
    return request


def resume(workspace: Workspace, /, *, everywhere: bool = False, now: datetime, progress: Progress) -> None:
    """What killed runs left is finished: erasures, removals, and bytes that were stored for no document. Every flow begins so."""
    resume_erasures(workspace, everywhere=everywhere, now=now, progress=progress)
    finish_removals(workspace, now=now)
    drop_strays(workspace, now=now)


def resume_erasures(workspace: Workspace, /, *, everywhere: bool = False, now: datetime, progress: Progress) -> tuple[Erased, ...]:
    """Erasures that a killed process left, or that were asked for while another run was under way, each finished now.

    So is the erasure of what came back since an older copy of the workspace, or of a part of it, was put in place; `everywhere` looks for
    it in every copy.
    """
    done = [carry_out(workspace, request, now=now, progress=progress) for request in workspace.requests.unfinished()]
    if returned := find_returned(workspace, everywhere=everywhere):
        request = workspace.requests.record("returned", fingerprint("returned", documents=sorted(returned)), now, returned)
        done.append(carry_out(workspace, request, now=now, progress=progress))
    return tuple(done)


def carry_out(workspace: Workspace, request: Request, /, *, now: datetime, progress: Progress) -> Erased:
    """Every copy has forgotten the documents of the request when this returns. What another process has carried out stands as it did."""
    request = workspace.requests.get(request.request_id)
    if request.state != "suppressed":
        return _as_it_stands(request)
    request = _with_contents(workspace, request)
    _suppress(workspace, request, now)
    with recorded(workspace, "erase", "", now=now) as run:
        request = _leave_out(workspace, request, now=now, progress=progress)
        before = {copy.name: copy.count(request.documents) for copy in workspace.copies}
        take_out(workspace, run.run_id, request.documents, changed=request.redacted, now=now, progress=progress)
        reach("erase.synchronised")
        copies = _counted_from(before, forget_everywhere(workspace, request.documents, now=now))
        drop_files(workspace.registry, set(workspace.lake.manifest.read(columns=["source_id"])["source_id"]))
        deleted_at = run.moment()
        deleted = workspace.requests.advance(request.request_id, "deleted", deleted_at, copies)
        audit(workspace, "erase.deleted", [request.request_id], now=deleted_at)
        receipt = issue_receipt(workspace, deleted, now=deleted_at)
        counts = len(request.documents), copies, len(request.redacted)
        erased = Erased(request.request_id, "deleted", *counts, logical_at=deleted_at, receipt=str(receipt))
        run.counts = erased
    return erased


def _leave_out(workspace: Workspace, request: Request, /, *, now: datetime, progress: Progress) -> Request:
    """Documents of several people have lost the one who is erased, in bronze and in silver; those that could not are to go as a whole."""
    if not request.redacted:
        return request
    redact_refused(workspace, now=now, document_ids=request.redacted)
    reach("erase.redacted")
    rows = workspace.lake.manifest.read(request.redacted, columns=["document_id", "redacted"])
    kept = rows.filter(pl.col("redacted").list.contains(request.key))["document_id"].to_list()
    request = _with_contents(workspace, workspace.requests.reject(request.request_id, set(request.redacted).difference(kept)))
    _suppress(workspace, request, now)
    prepare(workspace, pending(workspace).filter(pl.col("document_id").is_in(request.redacted)), now=now, progress=progress)
    return request


def _with_contents(workspace: Workspace, request: Request) -> Request:
    """With all that lies in its documents by now: a run under way may have taken out more since it was asked for."""
    tables = (workspace.lake.quarantine, workspace.lake.manifest)
    families = Families.of(*(table.read(columns=["document_id", "parent_id"]) for table in tables))
    return workspace.requests.reject(request.request_id, families.below(request.documents).difference(request.documents))


def _as_it_stands(request: Request) -> Erased:
    return Erased(
        request.request_id,
        request.state,
        len(request.documents),
        request.copies,
        len(request.redacted),
        purge="purged" if request.state == "purged" else "pending",
        logical_at=request.deleted_at,
        physical_at=request.purged_at,
    )


def _suppress(workspace: Workspace, request: Request, now: datetime) -> None:
    before = workspace.suppressions.sequence()
    if workspace.suppressions.add(_suppressions(workspace, request, now)) > before:
        audit(workspace, "erase.suppressed", [request.request_id], now=now)
    reach("erase.suppressed")


def _suppressions(workspace: Workspace, request: Request, now: datetime) -> list[Suppression]:
    """The places, and the bytes and whole texts wherever they turn up again: of what is held, and of an older version still served.

    A request that is taken up finds fewer versions; the others are suppressed already, for that is done before any copy forgets.
    """
    texts, versions = find_originals(workspace, [*request.documents, *request.redacted])
    places = [Suppression("document", document_id, request.request_id, now) for document_id in request.documents]
    places += [Suppression("version", version_id, request.request_id, now) for version_id in sorted(versions)]
    return places + [Suppression("text", digest, request.request_id, now) for digest in sorted(texts)]


def _withdraw(workspace: Workspace, subject_key: str, now: datetime) -> None:
    """An erased person agrees to nothing any more; a new grant admits only documents that were never erased."""
    purposes = workspace.settings.policies.purposes
    workspace.consent.record(Receipt(subject_key, purpose, "withdrawn", now, now, method="erasure") for purpose in purposes)


def _counted_from(before: dict[str, int], forgotten: tuple[Forgotten, ...]) -> tuple[Forgotten, ...]:
    """Counts from before the index was synchronised, which already took rows out."""
    return tuple(Forgotten(copy.copy, before[copy.copy], copy.after, copy.shared) for copy in forgotten)
