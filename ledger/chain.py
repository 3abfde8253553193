"""The chain of events: each hash takes in the one before it, so that nothing is changed, moved or removed without a trace.

An event's canonical form is one JSON object in UTF-8 without white space, its members in this order: `sequence`, `at` (UTC, microseconds),
`actor`, `action`, `objects` (sorted, each once), `purpose`, `decision`, `rule`, `counts` (sorted by name).
`hash = SHA-256(hash of the event before ‖ canonical form)`; before event 1 stand 32 zero bytes.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GENESIS = bytes(32)
"""The hash before the first event."""
MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Head:
    """The last event's number and hash, in hex."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one event."""

    sequence: int
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification went through: `checkpoints` are those that the chain fits, up to event `covered`. Sound if there are no problems.

    At most 100 problems are listed; `more` counts the others.
    """

    events: int
    head: Head
    checkpoints: int
    covered: int
    problems: tuple[Problem, ...]
    more: int = 0


def link(previous: bytes, event: bytes, /) -> bytes:
    """The hash of an event that follows the one with the hash `previous`."""
    return hashlib.sha256(previous + event).digest()


def verify_chain(rows: Iterable[tuple[int, bytes, bytes]], checkpoints: Mapping[int, set[bytes]], /) -> Verified:
    """What is wrong with a chain, given as (sequence, canonical event, hash) in order, and with its checkpoints, hashes by sequence.

    Any change, removal or move within the chain is found at its event. A chain that was rewritten whole, or lost its tail, is sound
    in itself: only checkpoints, kept elsewhere, tell. Reads each row once and keeps none.
    """
    walk, marks, sha256 = _Walk(), _Marks(checkpoints), hashlib.sha256
    previous, expected, events = GENESIS, 1, 0
    for sequence, event, digest in rows:
        events += 1
        in_place = sequence == expected and event.startswith(b'{"sequence":%d,' % sequence)
        if not in_place or sha256(previous + event).digest() != digest:
            walk.look_closer(expected, previous, (sequence, event, digest))
        if sequence in checkpoints:
            marks.compare(sequence, digest)
        if sequence >= expected:
            previous, expected = digest, sequence + 1
    marks.end(expected - 1)
    problems = sorted(walk.problems + marks.problems, key=lambda problem: problem.sequence)
    head = Head(expected - 1, previous.hex())
    listed = tuple(problems[:MOST_PROBLEMS])
    return Verified(events, head, marks.met, marks.covered, listed, len(problems) - len(listed))


class _Walk:
    """Where the chain breaks."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._repaired = (0, b"")
        """The last event at fault, and the hash that it should have had: if the next event follows from that, only the hash was changed."""

    def look_closer(self, expected: int, previous: bytes, row: tuple[int, bytes, bytes], /) -> None:
        sequence, event, digest = row
        if sequence < expected:
            self._fault(sequence, "an event too many: its number is below 1 or was there before")
            return
        if sequence > expected:
            self._fault(expected, f"{_missing(expected, sequence - 1)}, so event {sequence} cannot be linked to what came before it")
        if not event.startswith(b'{"sequence":%d,' % sequence):
            self._fault(sequence, "what stands here is not this event: events were changed, moved, or removed and the rest renumbered")
        elif sequence == expected and not self._follows_the_repaired(sequence, event, digest):
            self._fault(sequence, "its hash does not follow from what it says and from the event before it: one of these was changed")
        self._repaired = (sequence, link(previous, event))

    def _follows_the_repaired(self, sequence: int, event: bytes, digest: bytes) -> bool:
        before, computed = self._repaired
        return before == sequence - 1 and link(computed, event) == digest

    def _fault(self, sequence: int, what: str) -> None:
        self.problems.append(Problem(sequence, what))


class _Marks:
    """Checkpoints against the chain. After the first that does not fit, the later ones cannot either."""

    def __init__(self, checkpoints: Mapping[int, set[bytes]]) -> None:
        self.problems: list[Problem] = []
        self.met = 0
        self.covered = 0
        self._checkpoints = checkpoints

    def compare(self, sequence: int, digest: bytes, /) -> None:
        heads = self._checkpoints[sequence]
        self.met += digest in heads
        if heads == {digest}:
            self.covered = sequence
        elif not self.problems:
            what = f"the checkpoint of event {sequence} has another hash: events from here to there were rewritten"
            self.problems.append(Problem(self.covered + 1, what))

    def end(self, last: int, /) -> None:
        furthest = max(self._checkpoints, default=0)
        if furthest > last:
            what = f"{_missing(last + 1, furthest)}: the ledger ends before its last checkpoint"
            self.problems.append(Problem(last + 1, what))


def _missing(first: int, last: int) -> str:
    return f"event {first} is missing" if first == last else f"events {first} to {last} are missing"
