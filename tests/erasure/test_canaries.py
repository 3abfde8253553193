"""Of people who were erased in any way no canary is left in any byte of the workspace or beside it, and nobody else's answers change."""

import random
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from flow_rig import parse_with_tables
from town import KINDS, SOURCES, Document, Town, email, is_own

from flows.erase import erase
from flows.purge import purge
from flows.targets import Selector
from forensics.scan import scan
from ledger.receipts import verify_receipt
from retrieval.search import Hit


@dataclass
class Erasures:
    """What was erased from a town so far, and what must be nowhere for it."""

    town: Town
    documents: list[Document] = field(default_factory=list)
    canaries: set[str] = field(default_factory=set)
    ids: set[bytes] = field(default_factory=set)
    vectors: set[bytes] = field(default_factory=set)
    dropped: int = 0

    def erase(self, kind: str, number: int) -> None:
        """One erasure; all others are answered as before."""
        town = self.town
        reached, selector = self._reached(kind, number)
        others = [document for document in town.held.values() if document not in reached]
        asked = [document.canaries[5] for document in town.chance.sample(others, min(12, len(others)))]
        ids, vectors = town.derived(reached)
        before, rows = town.answers(asked), _of_others(town, reached)
        done = town.run(erase, selector)
        assert (done.state, done.documents) == ("deleted", len(reached))
        after = town.answers(asked)
        gone = self._ids(reached)
        for question, one, other in zip(asked, before, after, strict=True):
            assert _unchanged(one, other, gone), question
        assert not [hit for hits in after for hit in hits if hit.document_id in gone]
        assert _of_others(town, reached) == rows
        self.documents += reached
        self.canaries |= {canary for document in reached for canary in document.canaries}
        self.ids |= ids
        self.vectors |= vectors
        for document in reached:
            del town.held[document.source, document.uri]

    def edit(self, document: Document) -> None:
        """Somebody's document says something else now; what it said has to go too."""
        place = 0 if "-0q" in document.canaries[0] else 1
        edited = self.town.write(document.person, place, edition=len(self.documents) + self.town.steps)
        self.canaries |= set(document.canaries) - set(edited.canaries)

    def drop_again(self, document: Document, how: str) -> None:
        """An erased document comes back: under its own name it lies there still; here in another place, with its canaries about it."""
        self.dropped += 1
        source = self.town.chance.choice(SOURCES[:2])
        uri = f"again-{self.dropped}.{document.uri.rpartition('.')[2]}"
        content = document.content if how == "bytes" else document.content.decode().replace("\n", "\r\n").encode("utf-8-sig")
        self.town.files[source][uri] = content
        self.town.terms[source][uri] = document.terms if how == "bytes" else {"subjects": [email(document.person)]}

    def prove(self) -> None:
        """The purge says that all is gone, and so does a scan that knows what to look for."""
        town = self.town
        done = town.run(purge)
        assert (done.pending, done.hits, done.unread) == (0, 0, 0), done
        with town.open() as workspace:
            key = workspace.signer.public_key_pem()
        receipts = [Path(receipt) for receipt in done.receipts]
        assert [verify_receipt(receipt.read_bytes(), key) for receipt in receipts] == [()] * len(receipts)
        people = {email(document.person) for document in self.documents}
        texts = [canary.encode() for canary in sorted(self.canaries | people)]
        everywhere = scan(town.root.parent, [*texts, *sorted(self.vectors)])
        assert everywhere.proves_absence, (everywhere.found, everywhere.unread)
        ledger = [path for path in town.root.iterdir() if path.name.startswith("ledger.sqlite")]
        beyond = scan([path for path in town.root.iterdir() if path not in ledger], sorted(self.ids))
        assert beyond.proves_absence, beyond.found

    def _reached(self, kind: str, number: int) -> tuple[list[Document], Selector]:
        held = self.town.held.values()
        if kind == "source":
            return [document for document in held if document.source == SOURCES[2]], Selector("source", SOURCES[2])
        chosen = sorted(held, key=lambda document: (document.source, document.uri))[number % len(held)]
        if kind == "subject":
            return [document for document in held if document.person == chosen.person], Selector("subject", email(chosen.person))
        if kind == "uri":
            return [chosen], Selector("uri", chosen.uri)
        return [chosen], Selector("document", *self._ids([chosen]))

    def _ids(self, documents: Iterable[Document]) -> set[str]:
        with self.town.open() as workspace:
            return {workspace.identity.document(document.source, document.uri) for document in documents}


def _of_others(town: Town, reached: list[Document]) -> list[dict[str, Any]]:
    """Every column of every row of the others, vectors too, but for who represents what many say."""
    uris = {document.uri for document in reached}
    return [row for row in town.rows() if row["uri"] not in uris and is_own(row["text"])]


def _unchanged(before: tuple[Hit, ...], after: tuple[Hit, ...], gone: set[str]) -> bool:
    """As before without the erased, to the score; where one of them stood for what many say, another does.

    The store orders equal scores as it likes, and cuts among them where the answer ends: what scores no better than the last is left out.
    """
    still = {hit.text for hit in after}
    last = round(before[-1].score, 5)
    expected = [hit for hit in before if hit.document_id not in gone or (not is_own(hit.text) and hit.text in still)]
    return _said(expected, last) == _said(after, last)


def _said(hits: Sequence[Hit], last: float) -> list[str]:
    scored = [replace(hit, score=round(hit.score, 5)) for hit in hits]
    return sorted(f"{hit.score} {hit}" if is_own(hit.text) else f"{hit.score} {hit.text}" for hit in scored if hit.score > last)


def live(town: Town, chance: random.Random, rounds: int) -> Erasures:
    """Runs with edits and documents that come back, and between them erasures of every kind."""
    town.ingest()
    erased = Erasures(town)
    held = scan(town.root.parent, [canary.encode() for document in town.held.values() for canary in document.canaries])
    assert {found.needle for found in held.found} == set(range(held.needles)), "the scan sees every canary while it is there"
    kinds = ["subject", "uri", "document", "subject"]
    for number in range(rounds):
        erased.erase("source" if number == rounds // 2 else kinds[number % len(kinds)], chance.randrange(10_000))
        if number % 2:
            again = chance.choice(erased.documents)
            erased.drop_again(again, "bytes")
            plain = [document for document in erased.documents if document.uri.endswith(".txt")]
            if plain:
                erased.drop_again(chance.choice(plain), "encoding")
            erased.edit(chance.choice(sorted(town.held.values(), key=lambda document: document.uri)))
            town.ingest()
    return erased


def test_of_thirty_people_nothing_that_was_erased_is_in_any_byte_and_others_are_answered_as_before(folder: Path) -> None:
    town = Town(folder / "all" / "ws", 30, parse_with_tables)
    erased = live(town, random.Random(1), 4)
    erased.prove()
    assert len(erased.documents) > 8
    before = town.rows()
    town.ingest()
    assert town.rows() == before, "what lies in a source still does not come back"


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_of_two_hundred_people_and_documents_of_every_kind_neither(tmp_path: Path) -> None:
    town = Town(tmp_path / "all" / "ws", 200, kinds=KINDS, chance=random.Random(7))
    erased = live(town, random.Random(7), 24)
    erased.prove()
    town.ingest()
    erased.prove()
    assert len(erased.documents) > 60
    shutil.rmtree(tmp_path / "all")
