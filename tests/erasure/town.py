"""A town of people, each with documents in which every place that can hold a text holds a canary: a string that is nowhere else."""

import io
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from flow_rig import BY_CONSENT, NOW, SILENCE, lived_in, read_all, settings_of, twin_model

from flows.consent import Word, record
from flows.ingest import ingest_from
from flows.workspace import Parse, Workspace
from retrieval.readers import ANONYMOUS
from retrieval.search import Corpus, Hit, Question, search
from retrieval.standing import LedgerStanding
from sources.memory import MemorySource

SOURCES = ("north", "south", "harbour")
"""One in ten lives at the harbour, which may be erased whole."""
SHARED = [
    f"The reading room on floor {word} is open to all members of the society on working days from nine until the lamps are lit."
    for word in ("one", "two", "three")
]
_TEXT = "wrote that the roof of the old boat house leaks again and that nobody has come to mend it since spring"
_CELL = "paid in full for the repair of the gate, the fence and both of the windows facing the garden"


@dataclass(frozen=True, slots=True)
class Document:
    """What lies in a source, and every string in it that is nowhere else."""

    person: int
    source: str
    uri: str
    content: bytes
    terms: dict[str, Any]
    canaries: tuple[str, ...]


@dataclass
class Town:
    """The workspace on Milvus Lite, opened anew for each step as commands do, and what its sources hold."""

    root: Path
    people: int
    parse: Parse | None = None
    """None: the real one."""
    kinds: tuple[str, ...] = ("txt",)
    chance: random.Random = field(default_factory=lambda: random.Random(0))
    files: dict[str, dict[str, bytes]] = field(default_factory=lambda: {name: {} for name in SOURCES})
    terms: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in SOURCES})
    held: dict[tuple[str, str], Document] = field(default_factory=dict)
    steps: int = 0

    def __post_init__(self) -> None:
        self.settings = settings_of(sources={name: {"path": ".", "terms": BY_CONSENT} for name in SOURCES})
        self.model = twin_model(64, window=256)
        with self.open() as workspace:
            for number in range(self.people):
                record(workspace, Word(email(number), "retrieval", "granted"), now=NOW)
        for number in range(self.people):
            for place in range(2):
                self.write(number, place)

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        self.steps += 1
        now = NOW + timedelta(hours=self.steps)
        with lived_in(self.root, self.settings, now=now, model=self.model, parse=self.parse) as workspace:
            yield workspace

    def run(self, flow: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
        with self.open() as workspace:
            return flow(workspace, *arguments, now=NOW + timedelta(hours=self.steps), progress=SILENCE, **options)

    def ingest(self) -> Any:
        sources = [MemorySource(name, self.files[name], self.terms[name]) for name in SOURCES]
        return self.run(ingest_from, sources, retry_quarantined=False)

    def write(self, number: int, place: int, edition: int = 0) -> Document:
        """One of a person's documents: a letter, or something of another kind. Another edition has other canaries inside, not outside."""
        kind = "txt" if place == 0 else self.kinds[number % len(self.kinds)]
        mark = f"{number:03}-{place}"
        name, folder, title, owner, licence = (f"zq{what}{mark}q Đỗ" for what in ("name", "folder", "title", "owner", "licence"))
        given = "Hong" if kind == "pdf" else "Hồng"  # what the fonts have that every PDF may use
        text, cell = (f"zq{what}{mark}-{edition}q {given} {what}a{mark} {what}b{mark} {what}c{mark}" for what in ("text", "cell"))
        content = _WRITERS[kind](text, cell, SHARED[number % len(SHARED)])
        uri = f"{folder}/{name}.{kind}"
        source = SOURCES[2 if number % 10 == 9 else number % 2]
        terms = {"subjects": [email(number)], "title": title, "owner": owner, "licence": licence}
        document = Document(number, source, uri, content, terms, (name, folder, title, owner, licence, text, cell))
        self.put(document)
        return document

    def put(self, document: Document) -> None:
        self.files[document.source][document.uri] = document.content
        self.terms[document.source][document.uri] = document.terms
        self.held[document.source, document.uri] = document

    def rows(self) -> list[dict[str, Any]]:
        with self.open() as workspace:
            return read_all(workspace.index)

    def answers(self, questions: list[str]) -> list[tuple[Hit, ...]]:
        """By vectors alone: what is erased changes the weight of words for all others, rightly."""
        with self.open() as workspace:
            standing = LedgerStanding(workspace.suppressions, workspace.consent)
            corpus = Corpus(workspace.index, workspace.model.embedder, workspace.access.all(), standing)
            now = NOW + timedelta(hours=self.steps)
            return [search(Question(text, limit=6, hybrid=False), ANONYMOUS, corpus, now=now).hits for text in questions]

    def derived(self, documents: list[Document]) -> tuple[set[bytes], set[bytes]]:
        """Ids of their chunks, and vectors that nobody else has or may have."""
        places = {(document.source, document.uri) for document in documents}
        with self.open() as workspace:
            rows = read_all(workspace.index)
            places = {workspace.identity.document(*place) for place in places}
            chunks = workspace.lake.chunks.read(columns=["chunk_id", "document_id"])
        made = {row["chunk_id"]: np.asarray(row["vector"], "<f4").tobytes() for row in rows if is_own(row["text"])}
        others = {made[row["chunk_id"]] for row in rows if row["chunk_id"] in made and row["document_id"] not in places}
        ids = {chunk_id.encode() for chunk_id, document_id in chunks.iter_rows() if document_id in places}
        return ids, set(made.values()) - others


def is_own(text: str) -> bool:
    """Whether only one document says it. What many say is one row, of whichever of them stands for the others."""
    return "zq" in text


def email(number: int) -> str:
    return f"zqperson{number:03}q@example.org"


def _txt(text: str, cell: str, shared: str) -> bytes:
    return f"{shared}\n\n{text} {_TEXT}, and more of the same.\n\n|{cell}|{_CELL}|".encode()


def _html(text: str, cell: str, shared: str) -> bytes:
    rows = f"<tr><td>{cell}</td><td>{_CELL}</td></tr>"
    return f"<html><body><p>{shared}</p><p>{text} {_TEXT}.</p><table>{rows}</table></body></html>".encode()


def _csv(text: str, cell: str, shared: str) -> bytes:
    return f"what,amount\n{text} {_TEXT},1\n{cell} {_CELL.replace(',', '')},2\n{shared},3\n".encode()


def _docx(text: str, cell: str, shared: str) -> bytes:
    from docx import Document as Word

    document = Word()
    document.add_paragraph(shared)
    document.add_paragraph(f"{text} {_TEXT}.")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = cell, _CELL
    document.save(written := io.BytesIO())
    return written.getvalue()


def _xlsx(text: str, cell: str, shared: str) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("what", "amount"), (f"{text} {_TEXT}", 1), (f"{cell} {_CELL}", 2), (shared, 3)):
        sheet.append(row)
    book.save(written := io.BytesIO())
    return written.getvalue()


def _pdf(text: str, cell: str, shared: str) -> bytes:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    style = getSampleStyleSheet()["BodyText"]
    SimpleDocTemplate(written := io.BytesIO()).build([Paragraph(each, style) for each in (shared, f"{text} {_TEXT}.", f"{cell} {_CELL}.")])
    return written.getvalue()


_WRITERS: dict[str, Callable[[str, str, str], bytes]] = {
    "txt": _txt,
    "html": _html,
    "csv": _csv,
    "docx": _docx,
    "xlsx": _xlsx,
    "pdf": _pdf,
}
KINDS = tuple(_WRITERS)
