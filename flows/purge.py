"""Purge: the bytes of what was forgotten leave the disk, proven by a scan of every file; many erasures share one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from configs.faults import reach
from contracts.ports import Progress
from flows.erase import resume
from flows.needles import Needles
from flows.receipt import issue_receipt
from flows.record import audit, recorded
from flows.workspace import Workspace
from forensics.eyes import check_eyes
from forensics.scan import Scanned, scan
from ledger.receipts import Scan
from ledger.requests import Request

_LEDGER = "ledger.sqlite"
"""Suppressions and the audit keep opaque ids for ever: a scan for ids passes over the ledger, one for texts does not."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What every copy answered, and the requests whose bytes are proven gone; with `hits` or `unread` there are none."""

    run_id: str
    copies: dict[str, str]
    requests: tuple[str, ...]
    pending: int
    files: int
    bytes: int
    hits: int
    unread: int
    receipts: tuple[str, ...]
    proven_at: datetime | None


def purge(workspace: Workspace, needles: Needles | None = None, /, *, now: datetime, progress: Progress) -> Purged:
    """Every copy has freed the bytes of what it forgot, or says that they are pending; proven requests get their final receipt.

    The proof: no file of the workspace, but for the ledger's own lists, holds the id of an erased document, nor any of `needles`,
    which whoever erased it gathered with `gather_needles` while the document was still there.
    """
    resume(workspace, everywhere=True, now=now, progress=progress)
    waiting = [request for request in workspace.requests.all() if request.state != "suppressed" and not _is_closed(workspace, request)]
    with recorded(workspace, "purge", "", now=now) as run:
        copies = _purge_copies(workspace, progress)
        reach("purge.freed")
        needles = needles or Needles()
        found = _look(workspace, waiting, needles)
        proven = waiting if found.proves_absence and set(copies.values()) == {"purged"} else []
        proven_at = run.moment()
        receipts = [_close(workspace, request, Scan(found.files, found.bytes, 0, needles.of(request)), proven_at) for request in proven]
        result = Purged(
            run_id=run.run_id,
            copies=copies,
            requests=tuple(request.request_id for request in proven),
            pending=len(waiting) - len(proven),
            files=found.files,
            bytes=found.bytes,
            hits=len(found.found),
            unread=len(found.unread),
            receipts=tuple(receipts),
            proven_at=proven_at if proven else None,
        )
        run.counts = result
    if found.found:
        workspace.notifier.notify("purge.bytes_left", hits=len(found.found), files=sorted({hit.decoder for hit in found.found}))
    return result


def _purge_copies(workspace: Workspace, progress: Progress) -> dict[str, str]:
    copies, before = {}, workspace.index.collection()
    for done, copy in enumerate(workspace.copies, start=1):
        copies[copy.name] = copy.purge()
        if copy.name == workspace.index.name:
            # The rewrite copied each row as it was: what is present moved along, and need not be read back.
            workspace.present.follow(before, workspace.index.collection())
        progress.advance("purge", done, len(workspace.copies))
    return copies


def _look(workspace: Workspace, waiting: Sequence[Request], needles: Needles) -> Scanned:
    """Without a request that waits for its proof there is nothing to look for."""
    documents = {document_id.encode() for request in waiting for document_id in request.documents}
    ledger = [path for path in sorted(workspace.root.iterdir()) if path.name.startswith(_LEDGER)]
    # A source may lie in the workspace's folder; what is in it is the original, no copy of ours.
    originals = {workspace.registry.path(settings) for settings in workspace.registry.all().values()}
    others = [path for path in sorted(workspace.root.iterdir()) if path not in ledger and path.resolve() not in originals]
    root = workspace.root.resolve()
    others += [path for path in workspace.vectors.files() if not path.resolve().is_relative_to(root)]
    everywhere = scan(others if documents else [], [*sorted(documents), *needles.ids, *needles.traces])
    if documents:
        check_eyes()
    in_ledger = scan(ledger if needles.traces else [], needles.traces)
    return Scanned(
        files=everywhere.files + in_ledger.files,
        bytes=everywhere.bytes + in_ledger.bytes,
        decoded_bytes=everywhere.decoded_bytes + in_ledger.decoded_bytes,
        needles=everywhere.needles,
        found=everywhere.found + in_ledger.found,
        unread=everywhere.unread + in_ledger.unread,
    )


def _is_closed(workspace: Workspace, request: Request) -> bool:
    """Whether its final receipt was issued: a kill may have come between the proof and the receipt."""
    receipt = workspace.receipts.last(request.request_id)
    return bool(receipt and receipt["physical_at"])


def _close(workspace: Workspace, request: Request, proof: Scan, now: datetime) -> str:
    # A command tells each of its flows the moment that it began itself: a quick purge would be dated before a slow deletion.
    now = max(now, request.deleted_at or now)
    purged = workspace.requests.advance(request.request_id, "purged", now)
    audit(workspace, "erase.purged", [request.request_id], now=now)
    reach("purge.proven")
    return str(issue_receipt(workspace, purged, scan=proof, now=now))
