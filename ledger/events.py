"""Events of the audit: who did or saw what, when, what for and with what outcome.

They hold opaque ids, names of readers and flows, rules and counts: no text, no question, no place and nobody's data.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

_OPAQUE = re.compile(r"[0-9a-f]{8,64}")
_WORD = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Event:
    """One act. `objects` are opaque ids in hex, kept sorted and each once; `purpose` and `rule` may be empty.
    The purpose of what was sent to another machine names that machine.

    Anything that could hold more than a name, an id or a count is refused with a ValueError.
    """

    at: datetime
    actor: str
    """A reader's name, or a flow's."""
    action: str
    """search, show, trace, ingest, erase, consent.granted, …"""
    objects: tuple[str, ...] = ()
    purpose: str = ""
    decision: Literal["allowed", "refused"] = "allowed"
    rule: str = ""
    """Why it was refused or allowed."""
    counts: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "objects", tuple(sorted(set(self.objects))))
        if self.at.tzinfo is None:
            raise ValueError(f"audit: {self.at.isoformat()} has no time zone")
        if self.decision not in ("allowed", "refused"):
            raise ValueError(f"audit: a decision is allowed or refused, not {self.decision!r}")
        if not self.actor or not all(len(name) <= _LONGEST_NAME and name.isprintable() for name in (self.actor, self.purpose)):
            raise ValueError(f"audit: actor and purpose are names of at most {_LONGEST_NAME} printable characters; an actor has one")
        if not all(map(_WORD.fullmatch, (self.action, *self.counts, *filter(None, [self.rule])))):
            raise ValueError("audit: actions, rules and counts are named by words such as consent.granted")
        if not all(map(_OPAQUE.fullmatch, self.objects)):
            raise ValueError("audit: objects are opaque ids in hex; a place, a name or a text must not get into the audit")
        if not all(type(count) is int for count in self.counts.values()):
            raise ValueError("audit: counts are whole numbers")


def canonical(sequence: int, event: Event, /) -> str:
    """The form that is stored and hashed; see `ledger.chain`."""
    members: dict[str, Any] = {
        "sequence": sequence,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": event.actor,
        "action": event.action,
        "objects": event.objects,
        "purpose": event.purpose,
        "decision": event.decision,
        "rule": event.rule,
        "counts": dict(sorted(event.counts.items())),
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def read_canonical(text: bytes, /) -> Event:
    """The event that was written in this form. ValueError if it was not."""
    try:
        members = json.loads(text)
        del members["sequence"]
        return Event(**{**members, "at": datetime.fromisoformat(members["at"]), "objects": tuple(members["objects"])})
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not an event: {error}") from None
