"""A process of its own that lives a script in a workspace on disk, Milvus Lite among it, so that a test can kill it wherever it likes.

    python drive.py FOLDER NUMBER

NUMBER is the place of a step in LIFE. A line on stdout says that the step begins, another that it is done. What happens is a function of
the folder and the step; a step that was killed may be taken again.
"""

import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from flow_rig import BROKEN, NOW, PARAGRAPHS, SILENCE, opened, settings_of, zipped

from contracts.errors import UsageError
from flows.erase import Selector, erase
from flows.expire import expire
from flows.ingest import ingest_from
from flows.judge import Bar
from flows.purge import purge
from flows.reconcile import reconcile
from flows.reindex import reindex
from flows.workspace import Workspace
from ledger.consent import Receipt
from sources.memory import MemorySource

ANN = {"subjects": ["ann@example.org"]}
BOTH = {
    "subjects": ["ann@example.org", "cai@example.org", "dan@example.org"],
    "mentions": {"ann@example.org": ["Ann"], "cai@example.org": ["Cai"], "dan@example.org": ["Dan"]},
}
SHARED = b"Ann keeps the red book of the archive.\n\nCai keeps the blue one in the cellar.\n\nDan keeps the keys of both."
LETTERS = {f"letters/{number:02}.txt": f"Letter {number} is about {number} and nothing else.".encode() for number in range(14)}
Files = dict[str, bytes]


def _text(*picks: int) -> bytes:
    return "\n\n".join(PARAGRAPHS[pick] for pick in picks).encode()


PARCEL = zipped({"kept.txt": _text(3, 7), "old.txt": _text(1), "box.zip": zipped({"deep.txt": _text(4)})})
CHANGED = zipped({"kept.txt": _text(3, 7), "new.txt": _text(2, 5), "box.zip": zipped({"deep.txt": _text(4, 0)})})
ONE = {
    "a.txt": _text(0, 2),
    "b.txt": _text(1, 3),
    "c.txt": _text(5),
    "d.txt": _text(0),
    "late.txt": _text(6),
    "parcel.zip": PARCEL,
    **LETTERS,
}
TWO = {**ONE, "parcel.zip": CHANGED, "a.txt": _text(0, 2, 6), "c.txt": BROKEN, "e.txt": _text(4), "f.txt": BROKEN}
THREE = {uri.replace("letters/", "post/"): content for uri, content in TWO.items()} | {"c.txt": _text(7), "a.txt": _text(2)}
FOUR = {"a.txt": _text(0, 2), "c.txt": _text(5), "e.txt": _text(4, 3)}
CORPORA: dict[str, Files] = {"one": ONE, "two": TWO, "three": THREE, "four": FOUR}
PEOPLE: dict[str, Files] = {name: {"ann.txt": _text(1, 7), "copy.txt": _text(5), "both.txt": SHARED} for name in CORPORA}
LIFE = (
    *("one", "two", "withdraw", "three", "expire", "erase", "forget", "four", "approve", "four"),
    *("refused", "reindex", "purge", "one", "reconcile"),
)
"""Something of everything: corpora to ingest, by their names, and what else may be run."""


def live(folder: Path, number: int) -> None:
    """One step, as of its own day."""
    name, now = LIFE[number], NOW + timedelta(days=number)
    policies = {"partial_consent": "redact_passages"}
    settings = settings_of(chunking={"max_tokens": 24 if number > 3 else 32, "min_tokens": 4}, policies=policies)
    with opened(folder / "ws", settings, now=now) as workspace:
        _do(workspace, name, now)


def _do(workspace: Workspace, name: str, now: datetime) -> None:
    if name in CORPORA:
        _ingest(workspace, name, now)
    elif name == "erase":
        with suppress(UsageError):  # where it was done already, by the step that was killed or by what took it up
            erase(workspace, Selector("uri", "b.txt"), now=now, progress=SILENCE)
    elif name == "forget":
        erase(workspace, Selector("subject", "cai@example.org"), now=now, progress=SILENCE)
    elif name == "withdraw":
        _consent(workspace, "withdrawn", now)
        expire(workspace, now=now, progress=SILENCE)
    elif name == "approve":
        workspace.approvals.approve("open", now)
    else:
        flow, options = {
            "expire": (expire, {}),
            "refused": (reindex, {"bar": Bar(gates=[lambda _: False])}),
            "reindex": (reindex, {}),
            "purge": (purge, {}),
            "reconcile": (reconcile, {"repair": True}),
        }[name]
        flow(workspace, **options, now=now, progress=SILENCE)


def _ingest(workspace: Workspace, name: str, now: datetime) -> None:
    for person in BOTH["subjects"]:
        _consent(workspace, "granted", NOW, person)
    sources = [MemorySource("open", CORPORA[name], {"late.txt": {"expires_at": "2026-01-04"}})]
    sources.append(MemorySource("people", PEOPLE[name], {"ann.txt": ANN, "copy.txt": ANN, "both.txt": BOTH}))
    ingest_from(workspace, sources, retry_quarantined=False, now=now, progress=SILENCE)


def _consent(workspace: Workspace, state: str, at: datetime, person: str = "ann@example.org") -> None:
    workspace.consent.record([Receipt(workspace.identity.subject(person), "retrieval", state, at, at)])


def main() -> None:
    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    print(LIFE[number], flush=True)
    live(folder, number)
    print("done", flush=True)


if __name__ == "__main__":
    main()
