"""Checkpoints: signed statements, kept outside the workspace, of how far the audit's chain had come and with what hash.

One JSON object a line: `statement`, `sequence`, `head` (hash of that event, in hex), `at`, `key` (id of the public key), and `signature`
(hex) over the canonical form of the others, which `ledger.statement` describes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ledger.chain import Head, Problem
from ledger.outside import append_lines, read_lines
from ledger.signing import Signer
from ledger.statement import read_statement, sign_statement

_STATEMENT = "ragkeep audit checkpoint 1"
_FIELDS = frozenset({"sequence", "head", "at"})


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """What a log outside says: hashes by event, as `verify_chain` takes them, and what is wrong with the log itself."""

    heads: dict[int, set[bytes]]
    problems: tuple[Problem, ...]


def write_checkpoint(path: Path, head: Head, at: datetime, signer: Signer, /) -> None:
    """The statement is signed and on disk when this returns."""
    said = {"sequence": head.sequence, "head": head.hash, "at": at.astimezone(UTC).isoformat()}
    append_lines(path, [sign_statement(_STATEMENT, said, signer)])


def read_checkpoints(path: Path, pem: bytes, /) -> Checkpoints:
    """Every checkpoint of the log; one that this public key did not sign is a problem and counts for nothing."""
    heads: dict[int, set[bytes]] = {}
    problems = []
    for line in read_lines(path):
        wrong = read_statement(_STATEMENT, line, _FIELDS, pem)
        if wrong:
            problems.append(Problem(_sequence(line), f"checkpoint: {wrong[0]}"))
        else:
            heads.setdefault(line["sequence"], set()).add(bytes.fromhex(line["head"]))
    return Checkpoints(heads, tuple(problems))


def _sequence(line: Any) -> int:
    """The event that a faulty checkpoint speaks of, 0 if it does not even say that."""
    sequence = line.get("sequence") if isinstance(line, Mapping) else None
    return sequence if isinstance(sequence, int) else 0
