"""What people say about the use of their data, recorded word by word or from a file, and given back as receipts."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from configs.purposes import canonical, iri, is_known
from contracts.consent import STATES
from contracts.errors import UsageError
from contracts.terms import LawfulBasis
from flows.record import audit
from flows.workspace import Workspace
from ledger.consent import Receipt


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody said, as people write it down; its fields are the columns of an imported file. Moments are ISO 8601, lists `a;b`."""

    subject: str
    """The person, by the identifier that the source uses."""
    purpose: str
    """A short name, `dpv:Term`, a full IRI, or a term of your own."""
    state: str
    """granted, expired, withdrawn, objected or restricted"""
    at: str = ""
    """Empty: when it is recorded."""
    source: str = ""
    """Empty: every source."""
    until: str = ""
    """Of a grant alone."""
    evidence: str = ""
    """Kept as a hash."""
    method: str = ""
    """How it was collected."""
    lawful_basis: str = ""
    """Empty: consent, or whatever basis an objection or a restriction is about."""
    jurisdiction: str = ""
    categories: str | list[str] = ""
    """Of personal data."""
    recipients: str | list[str] = ""
    storage: str = ""
    """Where it is kept and for how long."""
    notice: str = ""
    """The privacy notice that was shown: address and version."""
    language: str = ""
    """Of that notice."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Words of a file: recorded now, and known before; and those of their purposes that are in no vocabulary."""

    recorded: int
    known: int
    own_purposes: tuple[str, ...] = ()


def record(workspace: Workspace, word: Word, /, *, now: datetime) -> Receipt:
    """The receipt, once it is on disk, in the log outside the workspace first. Searches hold to it from then on."""
    try:
        receipt = _receipt(workspace, word, now)
    except ValueError as error:
        raise UsageError(f"consent: {error}") from None
    _write(workspace, [receipt], now)
    return receipt


def import_words(workspace: Workspace, file: Path, /, *, now: datetime) -> Imported:
    """All words of a CSV or JSONL file, or, where a line is wrong, none and a UsageError that names the line."""
    receipts: dict[str, Receipt] = {}
    for line, entry in _entries(file):
        try:
            receipt = _receipt(workspace, _word(entry), now)
        except ValueError as error:
            raise UsageError(f"{file}: line {line}: {error}. Nothing of the file was recorded") from None
        receipts.setdefault(receipt.receipt_id, receipt)
    known = workspace.consent.known(receipts)
    new = [receipt for name, receipt in receipts.items() if name not in known]
    _write(workspace, new, now)
    own = {receipt.purpose for receipt in receipts.values() if not is_known(receipt.purpose)}
    return Imported(len(new), len(receipts) - len(new), tuple(sorted(own)))


def iso_receipt(receipt: Receipt, /) -> dict[str, Any]:
    """A receipt in the form of ISO/IEC TS 27560:2023, purposes as terms of the Data Privacy Vocabulary. What nobody stated is left out."""
    purpose = {
        "purpose": iri(receipt.purpose) or receipt.purpose,
        "lawful_basis": receipt.lawful_basis,
        "pii_information": [{"pii_type": category} for category in receipt.categories],
        "pii_controllers": [receipt.controller] if receipt.controller else [],
        "collection_method": receipt.method,
        "storage_locations_and_retention_period": receipt.storage,
        "jurisdictions": [receipt.jurisdiction] if receipt.jurisdiction else [],
        "recipient_third_parties": list(receipt.recipients),
        "services": [receipt.scope] if receipt.scope else [],
    }
    event = {
        "event_time": receipt.at.isoformat(),
        "event_state": receipt.state,
        "valid_until": receipt.until.isoformat() if receipt.until else "",
        "recorded_at": receipt.recorded_at.isoformat(),
        "evidence_sha256": receipt.evidence,
    }
    processing = {"privacy_notice": receipt.notice, "language": receipt.language, "purposes": [_stated(purpose)]}
    header = {"schema_version": "ISO/IEC TS 27560:2023", "record_id": receipt.receipt_id, "pii_principal_id": receipt.subject_key}
    return header | _stated(processing) | {"events": [_stated(event)]}


def read_moment(text: str, /) -> datetime | None:
    """ISO 8601, in UTC unless it says otherwise; None of nothing. ValueError says what is wrong."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _write(workspace: Workspace, receipts: list[Receipt], now: datetime) -> None:
    workspace.consent.record(receipts)
    for state in STATES:
        audit(workspace, f"consent.{state}", [receipt.receipt_id for receipt in receipts if receipt.state == state], now=now)


def _entries(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read as UTF-8 text ({type(error).__name__})") from None
    if file.suffix == ".csv":
        rows = csv.DictReader(io.StringIO(text, newline=""))
        yield from ((rows.line_num, row) for row in rows)
        return
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            try:
                yield line, json.loads(content)
            except json.JSONDecodeError as error:
                raise UsageError(f"{file}: line {line}: not JSON ({error.msg}). Nothing of the file was recorded") from None


def _word(entry: Any) -> Word:
    if not isinstance(entry, dict):
        raise ValueError(f"a JSON object was expected, not a {type(entry).__name__}")
    columns = {field.name for field in fields(Word)}
    if None in entry:
        raise ValueError("more cells than columns")
    if unknown := sorted(entry.keys() - columns):
        raise ValueError(f"unknown column {unknown[0]}; known: {', '.join(sorted(columns))}")
    stated = {name: value for name, value in entry.items() if value}
    for name, value in stated.items():
        lists = name in _LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value)
        if not (isinstance(value, str) or lists):
            raise ValueError(f"{name} is not text")
    if missing := sorted({"subject", "purpose", "state"} - stated.keys()):
        raise ValueError(f"{missing[0]} is missing")
    return Word(**stated)


_LISTS = ("categories", "recipients")


def _receipt(workspace: Workspace, word: Word, now: datetime) -> Receipt:
    if word.lawful_basis and word.lawful_basis not in list(LawfulBasis):
        raise ValueError(f"lawful_basis is one of {', '.join(LawfulBasis)}, not {word.lawful_basis!r}")
    if word.state not in STATES:
        raise ValueError(f"state is {', '.join(STATES[:-1])} or {STATES[-1]}, not {word.state!r}")
    if not (word.subject.strip() and word.purpose.strip()):
        raise ValueError("a person and a purpose are needed, and one of them is blank")
    return Receipt(
        subject_key=workspace.identity.subject(word.subject),
        purpose=canonical(word.purpose),
        state=word.state,
        at=read_moment(word.at) or now,
        recorded_at=now,
        scope=word.source,
        until=read_moment(word.until),
        evidence=hashlib.sha256(word.evidence.encode()).hexdigest() if word.evidence else "",
        method=word.method,
        lawful_basis=word.lawful_basis or ("" if word.state in ("objected", "restricted") else LawfulBasis.CONSENT.value),
        jurisdiction=word.jurisdiction,
        categories=_many(word.categories),
        recipients=_many(word.recipients),
        storage=word.storage,
        notice=word.notice,
        language=word.language,
        controller=workspace.settings.policies.controller,
    )


def _many(value: str | list[str]) -> tuple[str, ...]:
    parts = value.split(";") if isinstance(value, str) else value
    return tuple(part.strip() for part in parts if part.strip())


def _stated(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
