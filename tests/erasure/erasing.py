"""A process of its own that erases a person by the command line, and proves it, so that a test can kill it wherever it likes.

    python erasing.py FOLDER

`begun` on stdout says that the command begins, `done` that it has ended. All is real but the parser and the model.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.append(str(Path(__file__).parents[1] / "flows"))

from flow_rig import NOW, PARAGRAPHS, SILENCE, opened, settings_of, twin_model, zipped

from flows import workspace as workspaces
from flows.consent import Word, record
from flows.ingest import ingest_from
from flows.workspace import Workspace
from parsing.memory import parse_plain, unpack_plain
from ragkeep.cli import main
from sources.memory import MemorySource

ANN, BEN = "ann@example.org", "ben@example.org"
CANARIES = (
    "zqletter about the green door of the boat house, which nobody else ever wrote about",
    "zqmemo saying that the lamp is out",
    "zqnote in an archive within her archive, about the key under the mat",
)
_real = workspaces.open_workspace


def _text(*paragraphs: str) -> bytes:
    return "\n\n".join(paragraphs).encode()


ANNS = {
    "ann/letter.txt": _text(CANARIES[0], PARAGRAPHS[1], PARAGRAPHS[7]),
    "ann/memo.txt": _text(CANARIES[1], PARAGRAPHS[2]),
    "ann/copy.txt": _text(PARAGRAPHS[5]),
    "ann/box.zip": zipped({"zqinner-of-ann.zip": zipped({"note.txt": _text(CANARIES[2], PARAGRAPHS[7])})}),
}
ANNS_DOCUMENTS = len(ANNS) + 2
"""With what lies in her archive."""
PEOPLE = ANNS | {"ben/letter.txt": _text(PARAGRAPHS[0], PARAGRAPHS[2]), "ben/other.txt": _text(PARAGRAPHS[6], PARAGRAPHS[5])}
OPEN = {"a.txt": _text(PARAGRAPHS[3], PARAGRAPHS[7]), "b.txt": _text(PARAGRAPHS[4])}
TERMS = {uri: {"subjects": [ANN if uri in ANNS else BEN]} for uri in PEOPLE}


def sources() -> list[MemorySource]:
    """What lies in the sources, hers too: the originals are nobody's to delete."""
    return [MemorySource("open", OPEN), MemorySource("people", PEOPLE, TERMS)]


def begin(folder: Path) -> None:
    """A workspace before the erasure. Some of what Ann says others say too, and some hides what others say."""
    with opened(folder / "ws", settings_of(), now=NOW) as workspace:
        for person in (ANN, BEN):
            record(workspace, Word(person, "retrieval", "granted"), now=NOW)
        ingest_from(workspace, sources(), retry_quarantined=False, now=NOW, progress=SILENCE)


def erase_ann(folder: Path) -> None:
    """`ragkeep erase --subject … --yes --purge --json`, in this process."""
    arguments = ["ragkeep", "--workspace", str(folder / "ws"), "erase", "--subject", ANN, "--yes", "--purge", "--json"]
    with mock.patch.object(workspaces, "open_workspace", _with_twins), mock.patch.object(sys, "argv", arguments):
        try:
            main()
        except SystemExit as ended:
            if ended.code:
                raise


@contextmanager
def _with_twins(root: Path, _settings: Any, /, **options: Any) -> Iterator[Workspace]:
    with _real(root, settings_of(), **(options | {"base": root.parent})) as workspace:
        yield replace(workspace, model=twin_model(), parse=parse_plain, unpack=unpack_plain)


if __name__ == "__main__":
    print("begun", flush=True)
    erase_ann(Path(sys.argv[1]))
    print("done", flush=True)
