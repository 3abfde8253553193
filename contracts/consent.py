"""Consent as of a moment: what each person decided, for which purpose, for which source, and what that refuses."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from contracts.terms import LawfulBasis

State = Literal["granted", "expired", "withdrawn", "objected", "restricted"]

STATES: tuple[State, ...] = ("granted", "expired", "withdrawn", "objected", "restricted")
"""Each graver than the one before: it refuses whatever that one refuses."""

ANY_SOURCE = ""
"""The scope of a decision that holds for every source."""

Refusal = Literal["missing", "expired", "withdrawn", "objected", "restricted"]

REFUSALS: tuple[Refusal, ...] = ("missing", "expired", "withdrawn", "objected", "restricted")
"""Why a use is forbidden, the gravest last; `missing` is consent that nobody gave."""

_OBJECTED = (LawfulBasis.CONSENT, LawfulBasis.LEGITIMATE_INTEREST, LawfulBasis.PUBLIC_INTEREST)


def refuses(state: str | None, lawful_basis: str | None, /) -> bool:
    """Whether what one person decided forbids a use on this basis; None is a person who decided nothing.

    Consent is there only where it was granted. An objection (GDPR, article 21) ends what rests on consent or on an interest, a
    restriction (article 18) whatever concerns a person.
    """
    if state == "restricted":
        return lawful_basis != LawfulBasis.NOT_PERSONAL
    if state == "objected":
        return lawful_basis in _OBJECTED
    return state != "granted" and lawful_basis == LawfulBasis.CONSENT


class Consents(Protocol):
    """What admission asks: the decision in force, one of STATES, or None where nobody decided."""

    def of(self, subject_key: str, purpose: str, source_id: str, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class ConsentState:
    """The decision in force for each (subject_key, purpose, scope), scope being a source's name or ANY_SOURCE. Nobody decided: absent."""

    decisions: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    def of(self, subject_key: str, purpose: str, source_id: str, /) -> str | None:
        """What was taken away for every source, or what is graver, is; else the source's own decision wins over the general one."""
        general = self.decisions.get((subject_key, purpose, ANY_SOURCE))
        own = self.decisions.get((subject_key, purpose, source_id), general)
        return own if general in _LOOSE else max(general, own, key=_RANKS.__getitem__)


_LOOSE = (None, "granted", "expired")
_RANKS: dict[str | None, int] = {state: rank for rank, state in enumerate(STATES)}


def why_refused(
    consents: Consents, people: Collection[str], /, *, purpose: str, source_id: str, lawful_basis: str | None
) -> Refusal | None:
    """The gravest of what these people decided against this use, None where it is allowed. With several people all must agree.

    Consent of nobody is no consent.
    """
    decided = [consents.of(person, purpose, source_id) for person in people]
    against = [state or "missing" for state in decided if refuses(state, lawful_basis)]
    if lawful_basis == LawfulBasis.CONSENT and not decided:
        against.append("missing")
    return max(against, key=REFUSALS.index, default=None)  # type: ignore[arg-type]
