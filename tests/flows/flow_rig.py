"""A workspace of twins: all is real but the parser, the model and, unless a test wants it, the vector store. An ingest takes moments."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import polars as pl

from configs.settings import Settings
from contracts.ports import Embedder, ModelIdentity, Source
from contracts.results import Ingested
from embeddings.identify import model_fingerprint
from embeddings.memory import HashEmbedder, WordTokenizer
from flows.ingest import ingest_from
from flows.notify import MemoryNotifier
from flows.workspace import Index, Workspace, open_milvus_index, open_workspace
from parsing.memory import parse_plain
from sources.memory import MemorySource
from vectorstore.memory import MemoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = {"lawful_basis": "not_personal", "purposes": ["retrieval"], "classification": "public"}
BY_CONSENT = {"lawful_basis": "consent", "purposes": ["retrieval"], "classification": "public"}


class Silence:
    def advance(self, stage: str, done: int, total: int, /) -> None:
        """Say nothing."""


SILENCE = Silence()


class TwinModel:
    """A model of hashed words that counts what it embeds."""

    def __init__(self, dimensions: int = 16, window: int = 64) -> None:
        self.texts: list[str] = []
        self.tokenizer = WordTokenizer(window)
        self.tokenizer_identity = self.tokenizer.identity
        self._embedder = HashEmbedder(dimensions, window)

    @property
    def identity(self) -> ModelIdentity:
        return self._embedder.identity

    @cached_property
    def fingerprint(self) -> str:
        return model_fingerprint(self.identity)

    @property
    def embedder(self) -> Embedder:
        return self

    def embed_documents(self, texts):
        self.texts += texts
        return self._embedder.embed_documents(texts)

    def embed_query(self, text):
        return self._embedder.embed_query(text)


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
    model: TwinModel | None = None,
    base: Path | None = None,
) -> Iterator[Workspace]:
    """The workspace in `root` with twins; `index` outlives it, as a server would. None: Milvus Lite in the workspace."""
    with open_workspace(root, settings, base=base or root.parent, command="test", now=now) as real:
        workspace = replace(
            real,
            model=model or TwinModel(),
            parse=parse_plain,
            notifier=MemoryNotifier(),
            open_index=(lambda _: index) if index is not None else open_milvus_index,
        )
        try:
            yield workspace
        finally:
            workspace.close()


@dataclass
class Twin:
    """A workspace of twins that is closed between any two flows, and the sources that it reads."""

    root: Path
    settings: Settings = field(default_factory=settings_of)
    now: datetime = NOW
    files: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"open": {}, "people": {}})
    terms: dict[str, dict[str, dict]] = field(default_factory=lambda: {"open": {}, "people": {}})
    model: TwinModel = field(default_factory=TwinModel)
    index: MemoryStore | None = None

    def __post_init__(self) -> None:
        self.index = self.index or MemoryStore(self.model.identity.dimensions, self.model.fingerprint)

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        """Each opening is a moment later than the one before."""
        self.now += timedelta(seconds=1)
        with opened(self.root, self.settings, now=self.now, index=self.index, model=self.model) as workspace:
            yield workspace

    def source(self, name: str) -> Source:
        return MemorySource(name, self.files[name], self.terms[name])

    def ingest(self, *names: str, listing: dict[str, dict[str, bytes]] | None = None, retry: bool = False) -> Ingested:
        sources = [MemorySource(name, (listing or self.files)[name], self.terms[name]) for name in names or self.settings.sources]
        with self.open() as workspace:
            return ingest_from(workspace, sources, flow="ingest", retry_quarantined=retry, now=self.now, progress=SILENCE)

    def run(self, flow: Callable, *arguments, **options):
        """Any flow that takes the workspace, `now` and `progress`."""
        with self.open() as workspace:
            return flow(workspace, *arguments, now=self.now, progress=SILENCE, **options)

    def served(self) -> list[dict]:
        return served(self.index)


def served(index: Index) -> list[dict]:
    """Every row of the store with its vector, by id."""
    batches = list(index.read(vectors=True))
    return pl.concat(batches).sort("chunk_id").to_dicts() if batches else []


def texts(twin: Twin) -> set[str]:
    return {row["text"] for row in twin.served()}
