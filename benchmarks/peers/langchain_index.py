"""LangChain: `index()` with SQLRecordManager on SQLite, and Chroma on disk."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.peers import embedder
from benchmarks.peers.corpus import excluded, read_facts
from benchmarks.peers.port import EVERYTHING, Loaded, Tool

TOOL = Tool(
    packages=("langchain-core", "langchain-classic", "langchain-chroma", "chromadb"),
    store="chroma",
    thorough="force_update=True",
    preload=("langchain_chroma", "langchain_classic.indexes", "langchain_core.indexing", "langchain_text_splitters"),
)

CHROMA_PRUNES_ITS_LOG: Any = {"hnsw": {"sync_threshold": 2, "batch_size": 2}}
"""Chroma keeps the last writes, 1,000 unless told otherwise, in a log of texts and metadata, which it prunes when it saves its index."""


class LangChainIndex:
    """`variant` is the mode of `cleanup`; with ` kept` an erasure leaves the record manager's keys, so that the texts count as indexed."""

    def __init__(self, state: Path, variant: str, /) -> None:
        from langchain_chroma import Chroma
        from langchain_classic.indexes import SQLRecordManager

        self._cleanup, _, kept = variant.partition(" ")
        self._keep_records = bool(kept)
        self._path = state / TOOL.store
        self._records = state / "records.sqlite"
        self._store = Chroma(
            "letters", embedding_function=_embeddings(), persist_directory=str(self._path), collection_configuration=CHROMA_PRUNES_ITS_LOG
        )
        self._manager = SQLRecordManager("chroma/letters", db_url=f"sqlite:///{self._records}")
        self._manager.create_schema()

    def load(self, corpus: Path, /, *, thorough: bool = False) -> Loaded:
        from langchain_core.indexing import index

        done = index(
            _chunks(corpus),
            self._manager,
            self._store,
            cleanup=self._cleanup,
            source_id_key="source",
            key_encoder="sha256",
            force_update=thorough,
        )
        return Loaded(embedder.embedded["texts"], sum(count for name, count in done.items() if name != "num_skipped"))

    def erase(self, corpus: Path, person: str, /) -> bool:
        ids = self._store.get(where={"person": person}, include=[])["ids"]
        if ids:
            self._store.delete(ids=ids)
            if not self._keep_records:
                self._manager.delete_keys(ids)
        return True

    def query(self, text: str, /) -> list[str]:
        return [hit.page_content for hit in self._store.similarity_search(text, k=EVERYTHING, filter={"consent": True})]

    def receipt(self) -> tuple[bool, bool] | None:
        return None

    def cleanup(self) -> None:
        vacuum_chroma(self._path)
        with sqlite3.connect(self._records) as connection:
            connection.execute("VACUUM")
        connection.close()


def build(state: Path, variant: str, /) -> LangChainIndex:
    return LangChainIndex(state, variant)


def vacuum_chroma(path: Path, /) -> None:
    """What Chroma documents for shrinking a database: its own command."""
    command = Path(sys.executable).with_name("chroma")
    subprocess.run([command, "vacuum", "--path", str(path), "--force"], check=True, capture_output=True, timeout=300)


def _embeddings() -> Any:
    from langchain_core.embeddings import Embeddings

    class Hashed(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return embedder.embed_documents(texts)

        def embed_query(self, text: str) -> list[float]:
            return embedder.embed(text)

    return Hashed()


def _chunks(corpus: Path) -> list[Any]:
    from langchain_core.documents import Document
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    facts, left_out, source = read_facts(corpus), excluded(corpus), corpus / "documents"
    documents = []
    for path in sorted(source.rglob("*.*")):
        uri = path.relative_to(source).as_posix()
        if uri not in left_out:
            fact = facts[uri]
            known = {"source": uri, "person": fact.person, "title": fact.title, "consent": fact.consent}
            documents.append(Document(page_content=path.read_text(encoding="utf-8"), metadata=known))
    return RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=100).split_documents(documents)
