"""What people say about the use of their data, recorded word by word or from a file."""

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.errors import UsageError
from flows.record import audit
from flows.workspace import Workspace
from ledger.consent import Receipt


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody said, as people write it down; its fields are the columns of an imported file. Moments are ISO 8601."""

    subject: str
    """The person, by the identifier that the source uses."""
    purpose: str
    state: str
    """granted or withdrawn"""
    at: str = ""
    """Empty: when it is recorded."""
    source: str = ""
    """Empty: every source."""
    until: str = ""
    evidence: str = ""
    """Kept as a hash."""
    method: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """Words of a file: recorded now, and known before."""

    recorded: int
    known: int


def record(workspace: Workspace, word: Word, /, *, now: datetime) -> str:
    """The id of the receipt, once it is on disk. Searches hold to it from then on."""
    try:
        receipt = _receipt(workspace, word, now)
    except ValueError as error:
        raise UsageError(f"consent: {error}") from None
    return _write(workspace, [receipt], now)[0]


def import_words(workspace: Workspace, file: Path, /, *, now: datetime) -> Imported:
    """All words of a CSV or JSONL file, or, where a line is wrong, none and a UsageError that names the line."""
    receipts = []
    for line, entry in _entries(file):
        try:
            receipts.append(_receipt(workspace, _word(entry), now))
        except ValueError as error:
            raise UsageError(f"{file}: line {line}: {error}. Nothing of the file was recorded") from None
    known = {held.receipt_id for key in {receipt.subject_key for receipt in receipts} for held in workspace.consent.history(key)}
    new = [receipt for receipt in receipts if receipt.receipt_id not in known]
    _write(workspace, new, now)
    return Imported(len(new), len(receipts) - len(new))


def _write(workspace: Workspace, receipts: list[Receipt], now: datetime) -> list[str]:
    names = workspace.consent.record(receipts)
    for receipt in receipts:
        audit(workspace, f"consent.{receipt.state}", [receipt.receipt_id], now=now)
    return names


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


def _word(entry: dict[str, Any]) -> Word:
    columns = {field.name for field in fields(Word)}
    if unknown := sorted(str(name) for name in entry.keys() - columns):
        raise ValueError(f"unknown column {unknown[0]}; known: {', '.join(sorted(columns))}")
    stated = {name: value for name, value in entry.items() if value}
    if missing := sorted({"subject", "purpose", "state"} - stated.keys()):
        raise ValueError(f"{missing[0]} is missing")
    return Word(**stated)


def _receipt(workspace: Workspace, word: Word, now: datetime) -> Receipt:
    if word.state not in ("granted", "withdrawn"):
        raise ValueError(f"state is granted or withdrawn, not {word.state!r}")
    return Receipt(
        subject_key=workspace.identity.subject(word.subject),
        purpose=word.purpose,
        state="granted" if word.state == "granted" else "withdrawn",
        at=_moment(word.at) or now,
        recorded_at=now,
        scope=word.source,
        until=_moment(word.until),
        evidence=hashlib.sha256(word.evidence.encode()).hexdigest() if word.evidence else "",
        method=word.method,
    )


def _moment(text: str) -> datetime | None:
    """ISO 8601, in UTC unless it says otherwise."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
