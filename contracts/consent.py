"""Consent as of a moment: what each person decided, for which purpose, for which source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

Decision = Literal["granted", "withdrawn"]

ANY_SOURCE = ""
"""The scope of a decision that holds for every source."""


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The decision in force for each (subject_key, purpose, scope), scope being a source's name or ANY_SOURCE. Nobody decided: absent."""

    decisions: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def of(self, subject_key: str, purpose: str, source_id: str, /) -> Decision | None:
        """A general withdrawal wins over everything; else the source's own decision wins over the general one; None: never decided."""
        general = self.decisions.get((subject_key, purpose, ANY_SOURCE))
        if general == "withdrawn":
            return "withdrawn"
        return cast(Decision | None, self.decisions.get((subject_key, purpose, source_id), general))
