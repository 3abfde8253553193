"""A workspace of twins: all is real but the parser, the model and, unless a test wants it, the vector store. An ingest takes moments."""

import io
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from configs.settings import Settings
from contracts.ports import Source
from contracts.results import Ingested
from embeddings.memory import HashEmbedder, WordTokenizer
from flows.embedded import vector_keys
from flows.ingest import ingest_from
from flows.model import MemoryModel
from flows.notify import MemoryNotifier
from flows.workspace import Index, Parse, Workspace, open_milvus_index, open_workspace
from parsing.documents import Found
from parsing.memory import parse_plain, unpack_plain
from ragkeep.printing import Silence
from sources.memory import MemorySource
from vectorstore.memory import MemoryStore

SOURCES = ("open", "people")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = {"lawful_basis": "not_personal", "purposes": ["retrieval"], "classification": "public"}
BY_CONSENT = {"lawful_basis": "consent", "purposes": ["retrieval"], "classification": "public"}

PARAGRAPHS = [
    "Employees are entitled to twenty four days of paid leave in each calendar year of service.",
    "Employees are entitled to twenty four days of paid leave in each calendar year of service here.",
    "Requests for leave must reach the line manager in writing no later than two weeks before.",
    "The warranty of the pump ends two years after the day on which it was delivered to the customer.",
    "The warranty of the pump ends two years after the day on which it was delivered to its customer.",
    "Before the housing is opened the mains plug has to be pulled and the residual pressure released.",
    "Invoices are payable within thirty days without any deduction unless agreed otherwise in writing.",
    "Invoices are payable within fourteen days without any deduction unless agreed otherwise in writing.",
]
BROKEN = b"\xff\xfe no text at all"


SILENCE = Silence()


def zipped(members: dict[str, bytes]) -> bytes:
    """An archive whose bytes depend on nothing but its members."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return written.getvalue()


def twin_model(dimensions: int = 16, window: int = 64) -> MemoryModel:
    """A model of hashed words that remembers what it embeds."""
    tokenizer = WordTokenizer(window)
    return MemoryModel(tokenizer, tokenizer.identity, HashEmbedder(dimensions, window))


def settings_of(**changes) -> Settings:
    """Two sources: `open` is public, `people` rests on consent. Few buckets, so that a run is few commits."""
    sources = {"open": {"path": ".", "terms": OPEN}, "people": {"path": ".", "priority": 1, "terms": BY_CONSENT}}
    values = {"sources": sources, "stores": {"buckets": 2}, "chunking": {"max_tokens": 32, "min_tokens": 4}}
    return Settings(**(values | changes))


@contextmanager
def opened(
    root: Path,
    settings: Settings,
    /,
    *,
    now: datetime = NOW,
    index: Index | None = None,
    model: MemoryModel | None = None,
    base: Path | None = None,
    shared: bool = False,
) -> Iterator[Workspace]:
    """The workspace in `root` with twins; `index` outlives it, as a server would. None: Milvus Lite in the workspace."""
    with open_workspace(root, settings, base=base or root.parent, command="test", now=now, shared=shared) as real:
        workspace = replace(
            real,
            model=model or twin_model(),
            parse=parse_plain,
            unpack=unpack_plain,
            notifier=MemoryNotifier(),
            open_index=(lambda _: index) if index is not None else open_milvus_index,
        )
        try:
            yield workspace
        finally:
            workspace.close()


@contextmanager
def lived_in(
    root: Path, settings: Settings, /, *, now: datetime, model: MemoryModel | None = None, parse: Parse | None = None
) -> Iterator[Workspace]:
    """The workspace as commands open it, with Milvus Lite and a log of its own; the model is a twin, and the parser if one is given."""
    with open_workspace(root, settings, base=root.parent, command="test", now=now) as real:
        workspace = replace(real, model=model or twin_model(), parse=parse or real.parse)
        try:
            yield workspace
        finally:
            workspace.close()


def parse_with_tables(files, how):
    """As the twin, but a paragraph of cells is a table with its HTML."""
    for parsed in parse_plain(files, how):
        yield replace(parsed, elements=tuple(_with_cells(found) for found in parsed.elements))


def _with_cells(found: Found) -> Found:
    is_table = found.text.startswith("|")
    return found._replace(kind="table", html=f"<table><td>{found.text}</td></table>") if is_table else found


@dataclass
class Twin:
    """A workspace of twins that is closed between any two flows, and the sources that it reads."""

    root: Path
    settings: Settings = field(default_factory=settings_of)
    now: datetime = NOW
    files: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"open": {}, "people": {}})
    terms: dict[str, dict[str, dict]] = field(default_factory=lambda: {"open": {}, "people": {}})
    model: MemoryModel = field(default_factory=twin_model)
    index: MemoryStore | None = None

    def __post_init__(self) -> None:
        self.index = self.index or MemoryStore(self.model.identity.dimensions, self.model.fingerprint)

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        """Each opening is a moment later than the one before."""
        self.now += timedelta(seconds=1)
        with opened(self.root, self.settings, now=self.now, index=self.index, model=self.model) as workspace:
            yield workspace

    @contextmanager
    def open_shared(self) -> Iterator[Workspace]:
        """Beside whoever holds the workspace."""
        with opened(self.root, self.settings, now=self.now, index=self.index, model=self.model, shared=True) as workspace:
            yield workspace

    def source(self, name: str) -> Source:
        return MemorySource(name, self.files[name], self.terms[name])

    def ingest(self, *names: str, listing: dict[str, dict[str, bytes]] | None = None, retry: bool = False) -> Ingested:
        sources = [MemorySource(name, (listing or self.files)[name], self.terms[name]) for name in names or self.settings.sources]
        with self.open() as workspace:
            return ingest_from(workspace, sources, retry_quarantined=retry, now=self.now, progress=SILENCE)

    def run(self, flow: Callable, *arguments, **options):
        """Any flow that takes the workspace, `now` and `progress`."""
        with self.open() as workspace:
            return flow(workspace, *arguments, now=self.now, progress=SILENCE, **options)

    def served(self) -> list[dict]:
        return read_all(self.index)


def read_all(index: Index) -> list[dict]:
    """Every row of the store with its vector, by id."""
    batches = list(index.read(vectors=True))
    return pl.concat(batches).sort("chunk_id").to_dicts() if batches else []


def texts(twin: Twin) -> set[str]:
    return {row["text"] for row in twin.served()}


def inventory(workspace: Workspace) -> dict[str, list]:
    """All that a workspace holds, store by store, without the moments and runs that it was written in."""
    rows = read_all(workspace.index)
    cached = {(document, key) for document, key in query(workspace.root / "vectors.sqlite", "SELECT document_id, key FROM owner")}
    said = pairs(workspace, workspace.lake.chunks.read().to_dicts())
    return {
        "served": rows,
        "gold": workspace.lake.rows.read().drop("bucket").sort("chunk_id").to_dicts(),
        "manifest": workspace.lake.manifest.read().drop("observed_at").to_dicts(),
        "elements": workspace.lake.elements.read().to_dicts(),
        "dropped": workspace.lake.dropped.read().to_dicts(),
        "chunks": workspace.lake.chunks.read().to_dicts(),
        "quarantine": workspace.lake.quarantine.read().drop("at").to_dicts(),
        "outputs": workspace.outputs.frame().sort("document_id").to_dicts(),
        "present": workspace.present.frame().sort("chunk_id").to_dicts(),
        "withheld": [(name, sorted(workspace.approvals.withheld(name)), sorted(workspace.approvals.approved(name))) for name in SOURCES],
        "blobs": sorted(path.name for path in workspace.blobs.folder.glob("*/*")),
        "keys": sorted(workspace.keys.documents()),
        "vectors of what nobody says": sorted(cached - said),
        "served without a vector": sorted(pairs(workspace, rows) - cached),
        "orphaned vectors": query(workspace.root / "vectors.sqlite", "SELECT key FROM vectors EXCEPT SELECT key FROM owner"),
        "owners": sorted(query(workspace.root / "duplicates.sqlite", _OWNERS)),
        "duplicates": workspace.duplicates.edges().to_dicts(),
        "suppressed": sorted(entry.key for entry in workspace.suppressions.since(0)),
        "open": [workspace.present.open_intent(), [request.request_id for request in workspace.requests.unfinished()]],
    }


_OWNERS = "SELECT document_id, text_key FROM owner JOIN member ON member.id = member"


def pairs(workspace: Workspace, rows: list[dict]) -> set[tuple[str, str]]:
    """(document, key of its text in the cache of vectors) of rows or chunks."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("document_id", "text", "heading_path"), pl.String()))
    return set(zip(frame["document_id"], vector_keys(workspace, frame), strict=True))


def query(file: Path, statement: str) -> list[tuple]:
    """What a store's own file says."""
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.execute(statement))
