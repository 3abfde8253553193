"""CocoIndex: an app that declares one row per chunk in LanceDB on disk, its state in LMDB, embeddings memoised by text."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from benchmarks.peers import embedder
from benchmarks.peers.corpus import excluded, read_facts
from benchmarks.peers.port import EVERYTHING, Loaded, Tool

TOOL = Tool(packages=("cocoindex", "lancedb"), store="lancedb", thorough="full_reprocess=True")
_TABLE = "letters"


class CocoIndexApp:
    """The flow has no call that deletes: what is no longer declared goes."""

    def __init__(self, state: Path, /) -> None:
        self._state = state

    def load(self, corpus: Path, /, *, thorough: bool = False) -> Loaded:
        app = _app(self._state, corpus)
        app.update_blocking(full_reprocess=thorough)
        return Loaded(embedder.embedded["texts"], None)

    def erase(self, corpus: Path, person: str, /) -> bool:
        return False

    def query(self, text: str, /) -> list[str]:
        import lancedb

        table = lancedb.connect(str(self._state / TOOL.store)).open_table(_TABLE)
        found = table.search(embedder.embed(text), vector_column_name="vector").where("consent = true").limit(EVERYTHING).to_list()
        return [row["text"] for row in found]

    def cleanup(self) -> None:
        import lancedb

        table = lancedb.connect(str(self._state / TOOL.store)).open_table(_TABLE)
        table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)

    def receipt(self) -> tuple[bool, bool] | None:
        return None


def build(state: Path, variant: str, /) -> CocoIndexApp:
    return CocoIndexApp(state)


def _app(state: Path, corpus: Path) -> Any:
    import cocoindex as coco
    import numpy as np
    from cocoindex.connectors import lancedb, localfs
    from cocoindex.ops.text import RecursiveSplitter
    from cocoindex.resources.file import FileLike, PatternFilePathMatcher
    from cocoindex.resources.schema import VectorSchema
    from numpy.typing import NDArray

    database = coco.ContextKey[Any]("letters_db")
    splitter = RecursiveSplitter()
    row_type = _row_type(Annotated[NDArray[np.float32], VectorSchema(np.dtype(np.float32), embedder.DIMENSIONS)])

    @coco.lifespan
    async def lifespan(builder: coco.EnvironmentBuilder) -> AsyncIterator[None]:
        builder.settings.db_path = state / "cocoindex.db"
        builder.provide(database, await lancedb.connect_async(str(state / TOOL.store)))
        yield

    @coco.fn(memo=True)
    async def embed(text: str) -> NDArray[np.float32]:
        return np.array(embedder.embed_documents([text])[0], dtype=np.float32)

    @coco.fn(memo=True)
    async def process(file: FileLike, uri: str, person: str, title: str, consent: bool, table: Any) -> None:
        chunks = splitter.split(await file.read_text(), chunk_size=1000, chunk_overlap=100, language="markdown")
        vectors = await asyncio.gather(*(embed(chunk.text) for chunk in chunks))
        for number, (chunk, vector) in enumerate(zip(chunks, vectors, strict=True)):
            table.declare_row(row=row_type(f"{uri}#{number}", person, title, consent, chunk.text, vector))

    @coco.fn
    async def main(facts: dict[str, Any], left_out: list[str]) -> None:
        schema = await lancedb.TableSchema.from_class(row_type, primary_key=["id"])
        table = await lancedb.mount_table_target(database, _TABLE, schema)
        matcher = PatternFilePathMatcher(excluded_patterns=left_out)
        async for uri, file in localfs.walk_dir(corpus / "documents", recursive=True, path_matcher=matcher).items():
            fact = facts[uri]
            await coco.mount(coco.component_subpath("file", uri), process, file, uri, fact.person, fact.title, fact.consent, table)

    return coco.App(coco.AppConfig(name="letters"), main, read_facts(corpus), excluded(corpus))


def _row_type(vector: Any) -> Any:
    from dataclasses import make_dataclass

    return make_dataclass("Row", [("id", str), ("person", str), ("title", str), ("consent", bool), ("text", str), ("vector", vector)])
