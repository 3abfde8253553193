"""What an evaluation leaves: its scores question by question, and all that is needed to say what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Scored:
    """One question's scores by the names of measures, and the slices that it belongs to by the names of slicings. No text."""

    question_id: str
    scores: Mapping[str, float]
    slices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured: runs with equal `suite_digest` answer the same questions, and can be compared."""

    suite: str
    """Its folder's or file's name."""
    suite_digest: str
    settings: str
    """Fingerprint of parsing, cleaning, chunking, duplicates and search together."""
    model: str
    """Its name in the settings."""
    model_identity: str
    """Fingerprint of its weights, prompts and window."""
    search: str
    """`hybrid` or `dense`."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One run of an evaluation, as it is stored. `number` counts those of a workspace from 1."""

    run_id: str
    number: int
    at: datetime
    measured: Measured
    questions: tuple[Scored, ...]
    counts: Mapping[str, float]
    """documents, chunks, embedded, seconds, …"""
