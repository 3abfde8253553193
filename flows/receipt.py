"""Receipts: what became of an erasure, signed, chained into the audit, and left in a file beside the workspace."""

import hashlib
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from configs.jurisdictions import strictest_deadline
from flows.record import audit
from flows.workspace import Workspace
from ledger.receipts import Deadline, Erasure, Scan, make_receipt, render_receipt, write_receipt
from ledger.requests import Request


def issue_receipt(workspace: Workspace, request: Request, /, *, scan: Scan | None = None, now: datetime) -> Path:
    """The file of a new receipt: `physical_at` stands in it only where the bytes are purged and a scan found none."""
    jurisdiction, hours = strictest_deadline()
    erasure = Erasure(
        request_id=request.request_id,
        kind=request.kind,
        requested_at=request.suppressed_at,
        suppressed_at=request.suppressed_at,
        documents=len(request.documents),
        redacted=len(request.redacted),
        copies=request.copies,
        logical_at=request.deleted_at,
        physical_at=request.purged_at,
        scan=scan,
        relies_on=_stated(workspace),
        deadline=Deadline(jurisdiction, hours, request.suppressed_at + timedelta(hours=hours)),
    )
    audit(workspace, "erase.receipt", [request.request_id], now=now)
    document = make_receipt(erasure, workspace.audit.head(), workspace.signer, versions={"ragkeep": version("ragkeep")})
    workspace.receipts.store(document)
    path = write_receipt(workspace.root.with_name(f"{workspace.root.name}.receipts"), document)
    audit(workspace, "receipt.issued", [request.request_id, hashlib.sha256(render_receipt(document)).hexdigest()], now=now)
    workspace.audit.checkpoint(now)
    return path


def _stated(workspace: Workspace) -> tuple[str, ...]:
    """On a server no file can be scanned: when bytes are gone there is the word of whoever runs it."""
    stores = workspace.settings.stores
    milvus = (f"stores.milvus_frees_after_hours={stores.milvus_frees_after_hours}",) if stores.milvus_uri else ()
    postgres = (f"stores.postgres_frees_after_hours={stores.postgres_frees_after_hours}",) if stores.on_postgres else ()
    return milvus + postgres
