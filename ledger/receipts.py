"""Erasure receipts: signed, chained into the audit, verifiable with the public key alone, and without anybody's data in them.

A receipt's file is its JSON with sorted members, indented by two, in ASCII, with a line break at its end: exactly that and no other form,
so that not a byte of it can change unnoticed.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, Integer, String, Table, Text, select

from contracts.results import Forgotten
from ledger.chain import Head
from ledger.columns import LEDGER
from ledger.database import insert_new, writing
from ledger.signing import Signer
from ledger.statement import read_statement, sign_statement

_RECEIPT = Table(
    "erasure_receipt",
    LEDGER,
    Column("request_id", String(32), primary_key=True),
    Column("audit_sequence", Integer, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False),
)
_STATEMENT = "ragkeep erasure receipt 1"
_MOMENTS = ("requested_at", "suppressed_at", "logical_at", "physical_at")
_FIELDS = ("request_id", "kind", *_MOMENTS, "documents", "redacted", "copies", "scan", "relies_on", "deadline", "audit", "versions")


@dataclass(frozen=True, slots=True)
class Scan:
    """A search for the erased through every byte of the workspace: for the ids of their documents, and for so many of their texts and
    vectors, which is 0 where nobody gathered these before they were erased."""

    files: int
    bytes: int
    hits: int
    texts_sought: int = 0


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when the law of a jurisdiction, or the product's stricter policy, wants an erasure done."""

    jurisdiction: str
    hours: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """What became of a request. A moment that is not proven yet is None: `logical_at` says that no copy holds an entry of it any more,
    `physical_at` that a scan of all bytes found nothing; claims that its own counts contradict are refused with a ValueError."""

    request_id: str
    kind: str
    requested_at: datetime
    suppressed_at: datetime
    documents: int
    redacted: int = 0
    """Documents of several people that stay, of whose bytes, texts and vectors nothing is left that names the one who was erased."""
    copies: tuple[Forgotten, ...] = ()
    logical_at: datetime | None = None
    physical_at: datetime | None = None
    scan: Scan | None = None
    relies_on: tuple[str, ...] = ()
    """Settings by which somebody stated what the scan could not see for itself."""
    deadline: Deadline | None = None

    def __post_init__(self) -> None:
        left = [copy.copy for copy in self.copies if copy.after]
        if self.logical_at and left:
            raise ValueError(f"receipt: {left[0]} still holds something, so nothing is deleted yet")
        if self.physical_at and not (self.logical_at and self.scan and self.scan.hits == 0):
            raise ValueError("receipt: bytes are gone only after the deletion, and after a scan without a hit")


def make_receipt(erasure: Erasure, head: Head, signer: Signer, /, *, versions: Mapping[str, str]) -> dict[str, Any]:
    """The signed document. `head` is that of the audit once the event of this erasure is in it."""
    said = {name: _plain(getattr(erasure, name)) for name in _FIELDS if hasattr(erasure, name)}
    if erasure.deadline:
        said["deadline"] |= {"met": erasure.physical_at <= erasure.deadline.due_at if erasure.physical_at else None}
    said |= {"audit": {"sequence": head.sequence, "head": head.hash}, "versions": dict(versions)}
    return sign_statement(_STATEMENT, said, signer)


def render_receipt(document: Mapping[str, Any], /) -> bytes:
    """The receipt's file."""
    return json.dumps(document, sort_keys=True, indent=2).encode("ascii") + b"\n"


def verify_receipt(file: bytes, public_key_pem: bytes, /) -> tuple[str, ...]:
    """What is wrong with a receipt's file, a sentence each; nothing if it is, byte for byte, what the owner of the public key made.

    KeyFileError if the PEM is no Ed25519 public key.
    """
    if not file.endswith(b"\n}\n"):
        return ("its tail is cut off or changed: a receipt ends with a closing brace and a line break",)
    try:
        document = json.loads(file.decode("ascii"))
    except UnicodeDecodeError as error:
        return (f"byte {error.start} was changed: it is not ASCII",)
    except json.JSONDecodeError as error:
        return (f"it was changed near line {error.lineno}, column {error.colno}: it is not JSON any more",)
    except (ValueError, RecursionError):
        return ("it was changed: it holds what no receipt holds",)
    wrong = read_statement(_STATEMENT, document, _FIELDS, public_key_pem)
    if not wrong and render_receipt(document) != file:
        wrong = ["its form was changed: what it says is signed, but it is not written as receipts are"]
    return tuple(wrong)


def write_receipt(folder: Path, document: Mapping[str, Any], /) -> Path:
    """The file REQUEST_ID.json, whole and on disk; an earlier receipt of the request is replaced by it at once, or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{document['request_id']}.json"
    temporary = path.with_suffix(".new")
    with open(temporary, "wb") as file:
        file.write(render_receipt(document))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return path


class Receipts:
    """Every receipt that was issued. A request has one more when more of it is proven."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def store(self, document: Mapping[str, Any], /) -> None:
        """The receipt is in the ledger. One for the same request and the same event of the audit is left as it was."""
        row = {"request_id": document["request_id"], "audit_sequence": document["audit"]["sequence"]}
        with writing(self._engine) as connection:
            insert_new(connection, _RECEIPT, [{**row, "document": render_receipt(document).decode()}])

    def last(self, request_id: str, /) -> dict[str, Any] | None:
        """The newest receipt of a request."""
        return next(iter(self.history(request_id)[::-1]), None)

    def history(self, request_id: str, /) -> list[dict[str, Any]]:
        """Every receipt of a request, oldest first."""
        query = select(_RECEIPT.c.document).where(_RECEIPT.c.request_id == request_id).order_by(_RECEIPT.c.audit_sequence)
        with self._engine.connect() as connection:
            return [json.loads(text) for text in connection.execute(query).scalars()]


def _plain(value: Any) -> Any:
    """Moments as ISO 8601 in UTC, results as objects."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, Forgotten | Scan | Deadline):
        return {name: _plain(part) for name, part in asdict(value).items()}
    return value
