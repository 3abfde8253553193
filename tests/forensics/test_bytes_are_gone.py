"""After an erasure and a purge of every copy, nothing of a document is in any file of its workspace, raw or decoded."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flow_rig import NOW, SILENCE, lived_in, parse_with_tables, read_all, settings_of

from flows.erase import Selector, erase
from flows.ingest import ingest, ingest_from
from flows.registry import choose
from flows.workspace import Workspace
from forensics.scan import Scanned, scan
from ledger.consent import Receipt
from sources.memory import MemorySource

PERSON, OTHER = "zelda.zqx-subject@example.org", "tom@example.org"
TITLE, OWNER, LICENCE = "Zqxtitle of Đỗ Thị Hồng", "zqxowner Hồng", "zqxlicence 2024-7"
FOLDER, NAME, BROKEN = "zqxfolder hồ sơ", "zqxname Đỗ Hồng.txt", "zqxbroken.txt"
TEXT, CELL, EARLIER, HEADING = "zqxtext about Đỗ Thị Hồng", "zqxcell & Hồng", "zqxearlier Hồng", "zqxheading Hồng"
CANARIES = [PERSON, TITLE, OWNER, LICENCE, FOLDER, NAME, BROKEN, TEXT, CELL, EARLIER, HEADING]
PLACE = f"{FOLDER}/{NAME}"
KEPT = "kept-canary of somebody else"
LETTER = "Please note that our office moves to the new building on the hill in the first week of spring this year."


@dataclass
class Life:
    """A workspace on Milvus Lite, opened anew for every step as commands do, and what its source holds."""

    root: Path
    steps: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    terms: dict[str, dict[str, Any]] = field(default_factory=dict)

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        self.steps += 1
        now = NOW + timedelta(seconds=self.steps)
        with lived_in(self.root, settings_of(), now=now, parse=parse_with_tables) as workspace:
            yield workspace

    def run(self, flow: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        with self.open() as workspace:
            return flow(workspace, *arguments, now=NOW + timedelta(seconds=self.steps), progress=SILENCE, **options)

    def ingest(self) -> None:
        self.run(ingest_from, [MemorySource("people", self.files, self.terms)], retry_quarantined=False)

    def purge(self) -> dict[str, str]:
        with self.open() as workspace:
            return {copy.name: copy.purge() for copy in workspace.copies}

    def served(self) -> list[dict[str, Any]]:
        with self.open() as workspace:
            return read_all(workspace.index)

    def scan(self, needles: list[bytes]) -> Scanned:
        """The workspace and what lies beside it: its key, its log of suppressions."""
        return scan(self.root.parent, needles)


@pytest.fixture
def life(tmp_path: Path) -> Life:
    """Tom's documents, and Zelda's: one that was edited, one that is broken. The canaries are hers."""
    life = Life(tmp_path / "all" / "ws")
    with life.open() as workspace:
        keys = [workspace.identity.subject(person) for person in (PERSON, OTHER)]
        workspace.consent.record([Receipt(key, "retrieval", "granted", NOW, NOW) for key in keys])
    toms = {f"tom {n}.txt": f"# Notes\n\n{KEPT} number {n}, who wrote {'a lot of ' * 9}things.\n\n{LETTER}" for n in range(6)}
    life.files = {uri: text.encode() for uri, text in toms.items()}
    life.files |= {PLACE: f"# Draft\n\n{EARLIER} {'and much more of it ' * 9}".encode(), BROKEN: b"\xff\xfe\xff"}
    zeldas = {"subjects": [PERSON], "title": TITLE, "owner": OWNER, "licence": LICENCE}
    life.terms = {**{uri: {"subjects": [OTHER]} for uri in toms}, PLACE: zeldas, BROKEN: zeldas}
    life.ingest()
    life.files[PLACE] = f"# {HEADING}\n\n{TEXT} {'and her long story ' * 30}\n\n|{CELL}|14 000 000|\n\n{LETTER}".encode()
    life.ingest()
    return life


DERIVED = {
    "keys.sqlite": "SELECT wrapped FROM data_key WHERE document_id = ?",
    "vectors.sqlite": "SELECT key FROM owner o WHERE document_id = ? AND 1 = (SELECT count(*) FROM owner WHERE key = o.key)",
    "duplicates.sqlite": "SELECT substr(shingles, 1, 64) FROM member JOIN owner o ON o.member = id WHERE document_id = ?"
    " AND 1 = (SELECT count(*) FROM owner WHERE member = id)",
}
"""What was made of a document alone: its wrapped keys, the keys of its vectors, the hashes of its words."""


def needles_of_zelda(life: Life) -> list[bytes]:
    """Her canaries, the id and the vector of each chunk of hers in the index, and whatever else was derived from her document."""
    rows = [row for row in life.served() if row["uri"] == PLACE]
    vectors = {np.asarray(row["vector"], "<f4").tobytes() for row in rows if LETTER not in row["text"]}
    derived: list[bytes] = []
    for name, query in DERIVED.items():
        with closing(sqlite3.connect(life.root / name)) as database:
            found = [value for (value,) in database.execute(query, [rows[0]["document_id"]])]
        assert found, name
        derived += [value.encode() if isinstance(value, str) else value for value in found]
    assert len(vectors) > 1
    return [*(canary.encode() for canary in CANARIES), *(row["chunk_id"].encode() for row in rows), *derived, *vectors]


def stores_of(scanned: Scanned) -> set[str]:
    return {name for found in scanned.found for name in ("index.db", "lake", *DERIVED) if f"/{name}" in found.file}


def test_nothing_of_an_erased_person_is_in_any_file(life: Life) -> None:
    needles, before = needles_of_zelda(life), life.served()
    held = life.scan(needles)
    assert {found.needle for found in held.found} == set(range(1, len(needles))), "a person's own identifier is never stored"
    assert stores_of(held) == {"index.db", "lake", *DERIVED}

    life.run(erase, Selector("subject", PERSON))
    deleted = life.scan(needles)
    assert stores_of(deleted) >= {"index.db", "lake"}, "deleted is not gone"

    assert set(life.purge().values()) == {"purged"}
    gone = life.scan(needles)
    assert gone.found == ()
    assert gone.unread == ()
    assert gone.files > 20
    assert {found.needle for found in life.scan([KEPT.encode(), LETTER.encode()]).found} == {0, 1}
    theirs = [row for row in before if row["uri"] != PLACE and LETTER not in row["text"]]
    assert [row for row in life.served() if LETTER not in row["text"]] == theirs
    assert [row["uri"] for row in life.served() if LETTER in row["text"]], "others have the letter too"


def test_what_an_edit_replaced_is_gone_after_a_purge(life: Life) -> None:
    assert life.scan([EARLIER.encode()]).found
    assert set(life.purge().values()) == {"purged"}
    gone = life.scan([EARLIER.encode()])
    assert gone.proves_absence, gone
    assert life.scan([TEXT.encode()]).found


def test_a_file_ingested_by_its_path_leaves_its_name_nowhere(tmp_path: Path) -> None:
    life = Life(tmp_path / "all" / "ws")
    path = tmp_path / "elsewhere" / NAME
    path.parent.mkdir()
    path.write_text(f"{TEXT} and more of it, so that it is a chunk of its own.")
    with life.open() as workspace:
        [source] = choose(workspace.registry, str(path))
    life.run(ingest, [source])
    life.run(erase, Selector("source", source))
    life.purge()
    gone = life.scan([NAME.encode(), TEXT.encode()])
    assert gone.proves_absence, gone
