"""Settings of where things are kept, each with its default and a sentence."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator

from configs.section import Section


class StoreSettings(Section):
    milvus_uri: str | None = Field(None, description="address of a Milvus or Zilliz server; unset: Milvus Lite in the workspace")
    milvus_token_file: Path | None = Field(None, description="file with the server's token")
    milvus_frees_after_hours: float | None = Field(
        None, ge=0, description="hours in which the server frees what was dropped, by the word of who runs it; unset: a purge stays pending"
    )
    keep_replaced_hours: float = Field(24, ge=0, description="hours for which the collection that a new model's replaced is kept")
    duplicates_url: str | None = Field(
        None,
        description="postgresql://USER@HOST/DATABASE of the server that holds the duplicate index, without a password, which libpq reads "
        "from a file (`?passfile=`); unset: a file in the workspace",
    )
    postgres_frees_after_hours: float | None = Field(
        None,
        ge=0,
        description="hours in which that server's log, replicas and backups have let go of what was deleted, by the word of who runs it; "
        "unset: a purge stays pending",
    )
    collection: str = Field("ragkeep", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,100}$", description="the alias that searches use")
    buckets: int = Field(8, ge=1, le=1024, description="partitions of every lake table; fixed when the workspace is made")
    key_file: Path | None = Field(None, description="the workspace's key and pepper; unset: beside the workspace, named WORKSPACE.key")

    @field_validator("duplicates_url")
    @classmethod
    def _of_postgres_without_a_password(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "postgresql:")
        if parts.scheme != "postgresql":
            raise ValueError("not the address of a PostgreSQL server: postgresql://USER@HOST/DATABASE")
        if parts.password is not None or "password" in parse_qs(parts.query):
            raise ValueError("holds a password, and this file is no place for one: name a file of libpq's with ?passfile=FILE")
        return url
