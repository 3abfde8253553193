"""An older copy of the workspace, or of a part of it, is put back after an erasure: nothing erased is served at any moment, nor stays."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flow_rig import NOW, SILENCE, opened, read_all, settings_of, twin_model

from contracts.errors import StoreUnavailable
from flows.ask import ask
from flows.erase import erase
from flows.ingest import ingest_from
from flows.needles import Needles, gather_needles
from flows.purge import purge
from flows.targets import Selector
from flows.workspace import Workspace
from forensics.scan import scan
from ledger.consent import Receipt
from ledger.receipts import verify_receipt
from sources.memory import MemorySource

ANN, BEN = "ann@example.org", "ben@example.org"
HERS = [f"Zqxcanary {word} of Ann stands in a letter that she wrote to the housing office about her flat." for word in ("one", "two")]
HIS = "A letter of Ben that he wrote to the housing office about the noise in the street at night."
OURS = "The housing office is open from nine to twelve in the morning, and on Thursdays until six."
FILES = {
    "people": {"ann.txt": HERS[0].encode(), "other.txt": HERS[1].encode(), "ben.txt": HIS.encode()},
    "open": {"office.txt": OURS.encode()},
}
TERMS = {"people": {"ann.txt": {"subjects": [ANN]}, "other.txt": {"subjects": [ANN]}, "ben.txt": {"subjects": [BEN]}}, "open": {}}


@dataclass
class Office:
    """A workspace on Milvus Lite that is asked for Ann's letters all the time, whenever it is open."""

    root: Path
    steps: int = 0
    asked: int = 0
    seen: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _open: Workspace | None = None
    _asking: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        self.steps += 1
        with opened(self.root, settings_of(), now=NOW + timedelta(seconds=self.steps), model=twin_model()) as workspace:
            self._open = workspace
            try:
                self.ask()  # before anything else may have been done
                yield workspace
                self.ask()
            finally:
                with self._asking:
                    self._open = None

    def run(self, flow: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        with self.open() as workspace:
            return flow(workspace, *arguments, now=NOW + timedelta(seconds=self.steps), progress=SILENCE, **options)

    def ingest(self) -> Any:
        return self.run(ingest_from, [MemorySource(name, FILES[name], TERMS[name]) for name in FILES], retry_quarantined=False)

    def ask(self) -> None:
        """Every letter of hers, by its words and by its vector."""
        with self._asking:
            for text in HERS if self._open else ():
                try:
                    answer = ask(self._open, text, limit=20, now=NOW + timedelta(seconds=self.steps))
                except StoreUnavailable as refused:  # no answer is no disclosure; that there mostly is one is counted
                    self.broken.append(str(refused))
                else:
                    self.asked += 1
                    self.seen += [hit.text for hit in answer.hits]

    @contextmanager
    def asked_all_along(self) -> Iterator[None]:
        """A thread asks until the block ends."""
        self.asked, self.seen, self.broken = 0, [], []
        over = threading.Event()

        def probe() -> None:
            while not over.wait(0.005):
                self.ask()

        thread = threading.Thread(target=probe)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def texts(self) -> set[str]:
        with self.open() as workspace:
            return {row["text"] for row in read_all(workspace.index)}


def copy(path: Path, to: Path) -> None:
    """`to` is what `path` is, and nothing else."""
    if path.is_dir():
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(path, to)
    else:
        shutil.copy(path, to)


@pytest.fixture
def office(folder: Path) -> Office:
    """Ingested, kept in a backup, and Ann erased and purged since."""
    office = Office(folder / "all" / "ws")
    office.root.parent.mkdir()
    with office.open() as workspace:
        keys = [workspace.identity.subject(person) for person in (ANN, BEN)]
        workspace.consent.record([Receipt(key, "retrieval", "granted", NOW, NOW) for key in keys])
    office.ingest()
    assert office.texts() == {*HERS, HIS, OURS}
    copy(office.root, folder / "backup")
    office.run(erase, Selector("subject", ANN))
    assert len(office.run(purge).receipts) == 1
    return office


def needles(backup: Path, folder: Path) -> Needles:
    """What the backup holds of her, looked up in a copy of it."""
    (folder / "looked").mkdir()
    copy(backup, folder / "looked" / "ws")
    shutil.copy(folder / "all" / "ws.key", folder / "looked" / "ws.key")
    with opened(folder / "looked" / "ws", settings_of(), now=NOW, model=twin_model()) as workspace:
        return gather_needles(workspace, [workspace.identity.document("people", uri) for uri in ("ann.txt", "other.txt")])


def nothing_of_hers_is_left(office: Office, sought: Needles) -> bool:
    ledger = {path for path in office.root.iterdir() if path.name.startswith("ledger.sqlite")}
    everywhere = scan([office.root], [*sought.traces, *(text.encode() for text in HERS)])
    elsewhere = scan([path for path in office.root.iterdir() if path not in ledger], list(sought.ids))
    return everywhere.proves_absence and elsewhere.proves_absence


NO_TEXT = ("ledger.sqlite", "keys.sqlite", "duplicates.sqlite")
"""Ids, hashes of words and wrapped keys, but no text and no vector. The ledger keeps ids for ever; the scan for them passes over it."""
PARTS = ["everything", "lake", "index.db", "ledger.sqlite", "keys.sqlite", "vectors.sqlite", "duplicates.sqlite"]


@pytest.mark.parametrize("part", [PARTS[0], *(pytest.param(part, marks=pytest.mark.slow) for part in PARTS[1:])])
def test_what_an_old_copy_brings_back_is_never_served_and_gone_after_the_next_run_and_purge(office, folder, part):
    sought = needles(folder / "backup", folder)
    assert len(sought.traces) >= 4
    assert nothing_of_hers_is_left(office, sought)
    with office.asked_all_along():
        if part == "everything":
            copy(folder / "backup", office.root)
        else:
            copy(folder / "backup" / part, office.root / part)
        assert nothing_of_hers_is_left(office, sought) == (part in NO_TEXT), "else the copy brought nothing back"
        office.ingest()
        assert office.texts() == {HIS, OURS}, "though her files still lie in their source"
        freed = office.run(purge)
        assert (set(freed.copies.values()), freed.pending, freed.hits, freed.unread) == ({"purged"}, 0, 0, 0)
    assert office.asked > 20
    assert {*HERS}.isdisjoint(office.seen)
    assert {HIS, OURS} <= set(office.seen), "the others are served as before"
    assert nothing_of_hers_is_left(office, sought)
    with office.open() as workspace:
        assert {request.state for request in workspace.requests.all()} == {"purged"}
        pem = workspace.signer.public_key_pem()
    receipts = list((office.root.parent / "ws.receipts").iterdir())
    assert len(receipts) == (1 if part == "index.db" else 2), "what came back has a receipt of its own; rows of the index are only mended"
    assert [verify_receipt(receipt.read_bytes(), pem) for receipt in receipts] == [()] * len(receipts)


def test_a_ledger_that_is_missing_is_refused_and_nothing_is_put_in_its_place(office):
    (office.root / "ledger.sqlite").unlink()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=r"the ledger is missing.* Put its backup back"):
            office.ingest()
    assert not (office.root / "ledger.sqlite").exists()
