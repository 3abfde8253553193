"""Where the real corpora are, and a workspace with the real parser and tokenizer whose model only hashes words, so that it is quick."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from configs.model import ModelSettings
from configs.settings import ParsingSettings, Settings
from contracts.results import Ingested
from embeddings.describe import describe
from embeddings.identify import digest
from embeddings.locate import locate
from embeddings.memory import HashEmbedder
from embeddings.tokenizer import ModelTokenizer
from flows.embedded import keyed_texts
from flows.ingest import ingest
from flows.model import MemoryModel
from flows.notify import MemoryNotifier
from flows.workspace import Workspace, open_workspace
from parsing.documents import Parsed, ToParse
from parsing.parse import parse_files
from ragkeep.printing import Silence
from vectorstore.memory import MemoryStore

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = {"lawful_basis": "not_personal", "purposes": ["retrieval"], "classification": "public"}


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """A value a line; other separators of Unicode may stand inside a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def hashing_model() -> MemoryModel:
    """The default model's tokenizer, so that chunks are the real ones, and hashed words for vectors."""
    folder = describe(locate(ModelSettings().name, relative_to=Path()), ModelSettings())
    return MemoryModel(ModelTokenizer(folder), digest(folder.tokenizer), HashEmbedder(16, 100_000))


class RememberingParser:
    """The real parser, which is told each version of a file once, however many workspaces want it."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Parsed] = {}

    def __call__(self, files: Iterable[ToParse], how: ParsingSettings, /) -> Iterator[Parsed]:
        wanted = list(files)
        asked = {file.document_id: (file.name, file.content) for file in wanted}
        for parsed in parse_files([file for file in wanted if asked[file.document_id] not in self._known], how):
            self._known[asked[parsed.document_id]] = parsed
        for file in wanted:
            yield replace(self._known[asked[file.document_id]], document_id=file.document_id, version_id=file.version_id)


@dataclass
class CorpusWorkspace:
    """A workspace with one source, `corpus`, in the folder `documents`; two with the same key file name everything alike."""

    root: Path
    documents: Path
    key_file: Path
    parser: RememberingParser
    model: MemoryModel = field(default_factory=hashing_model)
    index: MemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.index = MemoryStore(self.model.identity.dimensions, self.model.fingerprint)

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        source = {"path": self.documents, "terms": OPEN}
        settings = Settings(sources={"corpus": source}, stores={"key_file": self.key_file, "buckets": 2})
        with open_workspace(self.root, settings, base=self.root.parent, command="test", now=NOW) as real:
            yield replace(real, model=self.model, parse=self.parser, notifier=MemoryNotifier(), open_index=lambda _: self.index)

    def ingest(self) -> Ingested:
        with self.open() as workspace:
            return ingest(workspace, ["corpus"], now=NOW, progress=Silence())

    def served(self) -> pl.DataFrame:
        """Every row of the index with its vector, by id."""
        batches = list(self.index.read(vectors=True))
        return pl.concat(batches).sort("chunk_id")

    def embedded(self, rows: pl.DataFrame, /) -> set[str]:
        """What the vectors of these rows are made of: their texts below their titles."""
        with self.open() as workspace:
            return {text for _, text in keyed_texts(workspace, rows)}
