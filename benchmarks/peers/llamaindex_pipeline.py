"""LlamaIndex: IngestionPipeline with document store, cache and the strategy `upserts_and_delete`, all persisted, and Chroma on disk."""

from pathlib import Path
from typing import Any

from benchmarks.peers import embedder
from benchmarks.peers.corpus import excluded, read_facts
from benchmarks.peers.langchain_index import CHROMA_PRUNES_ITS_LOG, vacuum_chroma
from benchmarks.peers.port import EVERYTHING, Loaded, Tool

TOOL = Tool(
    packages=("llama-index-core", "llama-index-vector-stores-chroma", "llama-index-readers-file", "chromadb"),
    store="chroma",
    preload=("chromadb", "llama_index.core", "llama_index.readers.file", "llama_index.vector_stores.chroma"),
)


class LlamaIndexPipeline:
    """With the variant `kept` an erasure leaves the document store's entries, so that the documents count as known."""

    def __init__(self, state: Path, variant: str, /) -> None:
        import chromadb
        from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
        from llama_index.core.node_parser import SentenceSplitter
        from llama_index.core.storage.docstore import SimpleDocumentStore
        from llama_index.vector_stores.chroma import ChromaVectorStore

        self._keep_documents = variant == "kept"
        self._path, self._persisted = state / TOOL.store, state / "pipeline"
        client = chromadb.PersistentClient(str(self._path))
        collection = client.get_or_create_collection("letters", configuration=CHROMA_PRUNES_ITS_LOG)
        self._store = ChromaVectorStore(chroma_collection=collection)
        self._pipeline = IngestionPipeline(
            transformations=[SentenceSplitter(), _embedding()],
            vector_store=self._store,
            docstore=SimpleDocumentStore(),
            docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
            cache=IngestionCache(),
        )
        if self._persisted.is_dir():
            self._pipeline.load(str(self._persisted))

    def load(self, corpus: Path, /, *, thorough: bool = False) -> Loaded:
        nodes = self._pipeline.run(documents=_documents(corpus))
        self._pipeline.persist(str(self._persisted))
        return Loaded(embedder.embedded["texts"], len(nodes))

    def erase(self, corpus: Path, person: str, /) -> bool:
        documents = self._pipeline.docstore
        for name, document in list(documents.docs.items()):
            if document.metadata["person"] == person:
                self._store.delete(name)
                if not self._keep_documents:
                    documents.delete_document(name)
        self._pipeline.persist(str(self._persisted))
        return True

    def query(self, text: str, /) -> list[str]:
        from llama_index.core import VectorStoreIndex
        from llama_index.core.vector_stores import MetadataFilter, MetadataFilters

        index = VectorStoreIndex.from_vector_store(self._store, embed_model=_embedding())
        agreed = MetadataFilters(filters=[MetadataFilter(key="consent", value="yes")])
        return [hit.node.get_content() for hit in index.as_retriever(similarity_top_k=EVERYTHING, filters=agreed).retrieve(text)]

    def cleanup(self) -> None:
        self._pipeline.cache.clear()
        self._pipeline.persist(str(self._persisted))
        vacuum_chroma(self._path)

    def receipt(self) -> tuple[bool, bool] | None:
        return None


def build(state: Path, variant: str, /) -> LlamaIndexPipeline:
    return LlamaIndexPipeline(state, variant)


def _embedding() -> Any:
    from llama_index.core.embeddings import BaseEmbedding

    class Hashed(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return embedder.embed_documents([text])[0]

        def _get_query_embedding(self, query: str) -> list[float]:
            return embedder.embed(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return embedder.embed(query)

    return Hashed()


def _documents(corpus: Path) -> list[Any]:
    from llama_index.core import SimpleDirectoryReader

    facts, source = read_facts(corpus), corpus / "documents"

    def known(name: str) -> dict[str, str]:
        uri = Path(name).relative_to(source).as_posix()
        fact = facts[uri]
        return {"file_path": uri, "person": fact.person, "title": fact.title, "consent": "yes" if fact.consent else "no"}

    left_out = [str(source / uri) for uri in excluded(corpus)]
    documents: list[Any] = SimpleDirectoryReader(
        str(source), recursive=True, filename_as_id=True, file_metadata=known, exclude=left_out
    ).load_data()
    for document in documents:
        document.excluded_embed_metadata_keys = ["file_path", "person", "title", "consent"]
    return documents
