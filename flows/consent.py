"""Decisions of people, recorded one by one or from a file."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.errors import UsageError
from flows.workspace import Workspace
from ledger.consent import Receipt

_COLUMNS = {"subject", "purpose", "state", "at", "source", "until", "evidence", "method"}


@dataclass(frozen=True, slots=True)
class Imported:
    """Decisions of a file: recorded now, and known before."""

    recorded: int
    known: int


def decide(workspace: Workspace, subject: str, /, *, purpose: str, state: str, source: str = "", evidence: str = "", now: datetime) -> str:
    """The id of the receipt, once it is on disk. Searches hold to it from then on."""
    receipt = _receipt(workspace, {"subject": subject, "purpose": purpose, "state": state, "source": source, "evidence": evidence}, now)
    return workspace.consent.record([receipt])[0]


def import_decisions(workspace: Workspace, file: Path, /, *, now: datetime) -> Imported:
    """All decisions of a CSV or JSONL file, or, where a line is wrong, none and a UsageError that names the line."""
    receipts = []
    for line, entry in _entries(file):
        try:
            receipts.append(_receipt(workspace, entry, now))
        except (ValueError, KeyError) as error:
            raise UsageError(f"{file}: line {line}: {error}. Nothing of the file was recorded") from None
    known = {held.receipt_id for key in {receipt.subject_key for receipt in receipts} for held in workspace.consent.history(key)}
    new = [receipt for receipt in receipts if receipt.receipt_id not in known]
    workspace.consent.record(new)
    return Imported(len(new), len(receipts) - len(new))


def _entries(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read as UTF-8 text ({type(error).__name__})") from None
    if file.suffix == ".csv":
        yield from enumerate(csv.DictReader(text.splitlines()), start=2)
        return
    for line, content in enumerate(text.splitlines(), start=1):
        if content.strip():
            try:
                yield line, json.loads(content)
            except json.JSONDecodeError as error:
                raise UsageError(f"{file}: line {line}: not JSON ({error.msg})") from None


def _receipt(workspace: Workspace, entry: dict[str, Any], now: datetime) -> Receipt:
    unknown = entry.keys() - _COLUMNS
    missing = {"subject", "purpose", "state"} - {name for name, value in entry.items() if value}
    if unknown or missing:
        raise ValueError(f"unknown column {sorted(map(str, unknown))[0]}" if unknown else f"{sorted(missing)[0]} is missing")
    evidence = entry.get("evidence") or ""
    return Receipt(
        subject_key=workspace.identity.subject(entry["subject"]),
        purpose=entry["purpose"],
        state=entry["state"],
        at=_moment(entry.get("at")) or now,
        recorded_at=now,
        scope=entry.get("source") or "",
        until=_moment(entry.get("until")),
        evidence=hashlib.sha256(evidence.encode()).hexdigest() if evidence else "",
        method=entry.get("method") or "",
    )


def _moment(text: str | None) -> datetime | None:
    """ISO 8601, in UTC unless it says otherwise."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
