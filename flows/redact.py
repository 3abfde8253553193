"""Redaction: of documents of several people, bronze goes on without those who do not agree."""

from collections.abc import Collection
from datetime import datetime

import polars as pl

from configs.faults import reach
from contracts.consent import ANY_SOURCE, ConsentState
from contracts.tables import Manifest
from flows.look import UNREAD, Row
from flows.parse import parse_held
from flows.record import audit
from flows.workspace import Workspace
from governance.redact import Redaction, plan_redactions, redact
from governance.terms import effective_terms
from parsing.derived import encode_elements
from parsing.documents import Parsed
from parsing.tabulate import tabulate

_DOCUMENTS_AT_ONCE = 100


def reopen_redacted(workspace: Workspace, /, *, now: datetime) -> int:
    """How many documents left somebody out who agrees by now, or need no longer be redacted: their source is asked for the whole again."""
    places = workspace.lake.manifest.read(columns=["document_id", "redacted"])
    manifest = workspace.lake.manifest.read(places.filter(pl.col("redacted").list.len() > 0)["document_id"].to_list())
    erased = workspace.suppressions.suppressed(set(manifest["original_version_id"]), "version")
    manifest = manifest.filter(pl.col("original_version_id").is_in(list(erased)).not_())  # what was erased does not come back
    plans = _plans(workspace, manifest, now)
    wide = [row["document_id"] for row in manifest.iter_rows(named=True) if not _covers(plans.get(row["document_id"]), row["redacted"])]
    _replace(workspace, manifest.filter(pl.col("document_id").is_in(wide)).with_columns(stat=pl.lit(UNREAD)))
    return len(wide)


def redact_refused(workspace: Workspace, /, *, now: datetime, document_ids: Collection[str] | None = None) -> frozenset[str]:
    """Bronze holds what it may of each document of several people: the passages about those who do not agree are gone from it.

    The derivative stands in place of the original, under a key of its own; silver and the index are made from it by the same run, and the
    original's key goes then. Until then searches withhold the document. Answers the documents that were redacted now.
    """
    if workspace.settings.policies.partial_consent == "refuse":
        return frozenset()
    manifest = workspace.lake.manifest.read(document_ids).filter((pl.col("state") != "removed") & pl.col("version_id").is_not_null())
    plans = _plans(workspace, manifest, now)
    sought = pl.DataFrame([(name, plan.fingerprint) for name, plan in plans.items()], schema=_SOUGHT, orient="row")
    due = manifest.join(sought, on="document_id").filter(pl.col("sought").ne_missing(pl.col("redaction"))).drop("sought")
    done: set[str] = set()
    for part in due.iter_slices(_DOCUMENTS_AT_ONCE):
        done |= _redact(workspace, part, plans)
    audit(workspace, "documents.redacted", done, now=now)
    return frozenset(done)


_SOUGHT = {"document_id": pl.String, "sought": pl.String}


def redactable_without(workspace: Workspace, subject_key: str, document_ids: Collection[str], /, *, now: datetime) -> set[str]:
    """Those of the documents that could go on, as far as their terms tell, if this person agreed to nothing."""
    return set(_plans(workspace, workspace.lake.manifest.read(document_ids), now, refusing=subject_key))


def _plans(workspace: Workspace, manifest: pl.DataFrame, now: datetime, *, refusing: str | None = None) -> dict[str, Redaction]:
    if workspace.settings.policies.partial_consent == "refuse" or manifest.is_empty():
        return {}
    terms = effective_terms(manifest, workspace.registry.terms(), workspace.identity)
    people = set(terms["named"].explode(empty_as_null=False))
    stated = dict(manifest.select("document_id", "terms").iter_rows())
    policies, decisions = workspace.settings.policies, dict(workspace.consent.state(now, people).decisions)
    if refusing is not None:
        decisions |= {(refusing, purpose, ANY_SOURCE): "withdrawn" for purpose in policies.purposes}
    return plan_redactions(terms, stated, ConsentState(decisions), policies, identity=workspace.identity)


def _covers(plan: Redaction | None, redacted: Collection[str]) -> bool:
    return plan is not None and plan.mentions.keys() >= set(redacted)


def _redact(workspace: Workspace, manifest: pl.DataFrame, plans: dict[str, Redaction]) -> set[str]:
    rows = {row["document_id"]: row for row in manifest.iter_rows(named=True)}
    blobs, written = [], []
    for parsed in parse_held(workspace, manifest, []):  # What cannot be read or parsed is for `prepare` to find out.
        if parsed.failure is None:
            row, content = _derive(workspace, rows[parsed.document_id], parsed, plans[parsed.document_id])
            written.append(row)
            if content is not None:
                blobs.append((parsed.document_id, row["version_id"], content))
    workspace.blobs.put_many(blobs)
    reach("redact.blobs")
    _replace(workspace, pl.DataFrame(written, schema=manifest.schema, orient="row"))
    return {document_id for document_id, _, _ in blobs}


def _derive(workspace: Workspace, row: Row, parsed: Parsed, plan: Redaction) -> tuple[Row, bytes | None]:
    """The manifest's row and the bytes of the derivative; no bytes where somebody who does not agree is named in no way that was stated.

    Who knows where they are? Nothing is left out of such a document, and it is refused as a whole.
    """
    elements = tabulate([parsed], fingerprint=_NO_STAGE, buckets=workspace.settings.stores.buckets)
    left, found = redact(elements, plan, workspace.identity)
    left_out = {*row["redacted"], *found}
    if left_out < plan.mentions.keys():
        return row | {"redaction": plan.fingerprint}, None
    content, original = encode_elements(left), row["original_version_id"] or row["version_id"]
    return row | {
        "version_id": workspace.identity.content("redacted", original, plan.fingerprint),
        "original_version_id": original,
        "redacted": sorted(left_out),
        "redaction": plan.fingerprint,
        "size": len(content),
    }, content


_NO_STAGE = "0" * 32
"""Elements on their way, which are stored nowhere."""


def _replace(workspace: Workspace, rows: pl.DataFrame) -> None:
    if rows.height:
        workspace.lake.manifest.replace(rows.select(Manifest.column_names()), rows["document_id"].to_list())
        reach("redact.manifest")
