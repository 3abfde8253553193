"""How a row lies in Milvus: the schema of the collection, its indexes, and whose vectors it was made for."""

import re
from typing import Any

from vectorstore.rows import LIST_ENTRIES, ROW_SCHEMA, STRING_BYTES

SCHEMA_VERSION = 1
"""Raise it when a field changes: a collection of another version is outdated and is made anew."""
SPARSE = "sparse"

_MADE_FOR = "ragkeep.made_for"
_IDS = ("chunk_id", "document_id", "version_id", "access_key", "fingerprint")
_SCALAR_INDEXES = ("access_key", "document_id")
_LITE = "milvus_lite"


def make_collection(client: Any, name: str, dimensions: int, said: str, /, *, timeout: float) -> None:
    """An empty, loaded collection that says `said` of itself. Each field is required and typed; BM25 where the server has it."""
    version = client.get_server_version()
    bm25 = has_bm25(version)
    client.create_collection(
        name,
        schema=_schema(client, dimensions, said, bm25=bm25),
        consistency_level="Strong",
        properties={_MADE_FOR: said},
        timeout=timeout,
    )
    # An empty collection's indexes are ready at once; waiting for each would cost half a second.
    client.create_index(name, _indexes(client, bm25=bm25, key_index=key_index(version)), timeout=timeout, sync=False)
    client.load_collection(name, timeout=timeout)


def made_for(model: str, /) -> str:
    """What a collection must say of itself for this code and this model to use it."""
    return f"{SCHEMA_VERSION} {model}"


def said_of(description: dict[str, Any], /) -> str:
    """What a collection says of itself. Milvus Lite keeps only the properties, old servers only the description."""
    return str(description.get("properties", {}).get(_MADE_FOR) or description.get("description", "")).removeprefix("ragkeep ")


def model_of(said: str, /) -> str:
    """The model that `made_for` was told, "" where the collection is of another schema than this code's."""
    version, _, model = said.partition(" ")
    return model if version == str(SCHEMA_VERSION) else ""


def dimensions_of(description: dict[str, Any], /) -> int:
    """Of a collection's vectors."""
    return next(int(part["params"]["dim"]) for part in description["fields"] if part["name"] == "vector")


def has_bm25(version: str, /) -> bool:
    """Milvus Lite has it, and servers from 2.5 on."""
    return version.startswith(_LITE) or _numbers(version) >= (2, 5)


def key_index(version: str, /) -> str:
    """The index that makes `column in [...]` fast: servers before 2.4 know it by another name and refuse this one."""
    return "INVERTED" if version.startswith(_LITE) or _numbers(version) >= (2, 4) else "Trie"


def _numbers(version: str, /) -> tuple[int, int]:
    found = re.search(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _schema(client: Any, dimensions: int, mark: str, /, *, bm25: bool) -> Any:
    from pymilvus import DataType, Function, FunctionType  # type: ignore[import-untyped]

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False, description=f"ragkeep {mark}")
    for name, kind in ROW_SCHEMA.items():
        if kind.is_integer():
            schema.add_field(name, DataType.INT64)
        elif kind.is_nested():
            schema.add_field(name, DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=LIST_ENTRIES, max_length=STRING_BYTES)
        else:
            analyzed = {"enable_analyzer": True} if bm25 and name == "text" else {}
            length = 32 if name in _IDS else STRING_BYTES
            schema.add_field(name, DataType.VARCHAR, is_primary=name == "chunk_id", max_length=length, **analyzed)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimensions)
    if bm25:
        schema.add_field(SPARSE, DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(Function(name="bm25", function_type=FunctionType.BM25, input_field_names=["text"], output_field_names=[SPARSE]))
    return schema


def _indexes(client: Any, /, *, bm25: bool, key_index: str) -> Any:
    indexes = client.prepare_index_params()
    indexes.add_index("vector", index_type="HNSW", metric_type="COSINE", params={"M": 16, "efConstruction": 200})
    for name in _SCALAR_INDEXES:
        indexes.add_index(name, index_type=key_index)
    if bm25:
        indexes.add_index(SPARSE, index_type="SPARSE_INVERTED_INDEX", metric_type="BM25")
    return indexes
