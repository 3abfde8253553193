"""Consent as of a moment: what each person decided, for which purpose, for which source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

ANY_SOURCE = ""
"""The scope of a decision that holds for every source."""


class Consents(Protocol):
    """What admission asks. Only `granted` admits; `withdrawn`, `expired` and None (nobody decided) each refuse."""

    def of(self, subject_key: str, purpose: str, source_id: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The decision in force for each (subject_key, purpose, scope), scope being a source's name or ANY_SOURCE. Nobody decided: absent."""

    decisions: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def of(self, subject_key: str, purpose: str, source_id: str, /) -> str | None:
        """A general withdrawal wins over everything; else the source's own decision wins over the general one."""
        general = self.decisions.get((subject_key, purpose, ANY_SOURCE))
        if general == "withdrawn":
            return general
        return self.decisions.get((subject_key, purpose, source_id), general)
