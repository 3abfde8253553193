"""Settings of where things are kept, each with its default and a sentence."""

from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

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
    vectors: str | None = Field(
        None,
        description="the vector cache that this workspace shares: a file that all who share it name, or a server as above; unset: a "
        "file in the workspace, for it alone",
    )
    vectors_key_file: Path | None = Field(
        None,
        description="the key that all who share it have; unset: beside the file, named FILE.key; on a server then nobody shares it",
    )
    postgres_frees_after_hours: float | None = Field(
        None,
        ge=0,
        description="hours in which such a server's log, replicas and backups have let go of what was deleted, by the word of who runs it; "
        "unset: a purge stays pending",
    )
    collection: str = Field("ragkeep", pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,100}$", description="the alias that searches use")
    buckets: int = Field(8, ge=1, le=1024, description="partitions of every lake table; fixed when the workspace is made")
    key_file: Path | None = Field(None, description="the workspace's key and pepper; unset: beside the workspace, named WORKSPACE.key")

    @field_validator("duplicates_url", "vectors")
    @classmethod
    def _of_postgres_without_a_password(cls, place: str | None, of: ValidationInfo) -> str | None:
        parts = urlsplit("postgresql:" if place is None else place)
        is_file = of.field_name == "vectors" and place and not parts.scheme
        if parts.scheme != "postgresql" and not is_file:
            raise ValueError("not the address of a PostgreSQL server: postgresql://USER@HOST/DATABASE")
        if parts.password is not None or "password" in parse_qs(parts.query):
            raise ValueError("holds a password, and this file is no place for one: name a file of libpq's with ?passfile=FILE")
        return place

    @model_validator(mode="after")
    def _keys_what_is_shared(self) -> Self:
        if self.vectors_key_file and not self.vectors:
            raise ValueError("vectors_key_file: is for a cache that is shared, and none is; name it under stores.vectors")
        return self

    @property
    def vectors_file(self) -> Path | None:
        """The file of a shared vector cache; None where there is none, or it lies on a server."""
        return Path(self.vectors).expanduser() if self.vectors and not urlsplit(self.vectors).scheme else None

    @property
    def on_postgres(self) -> bool:
        """Whether anything is kept on a PostgreSQL server."""
        return bool(self.duplicates_url or (self.vectors and not self.vectors_file))

    @property
    def postgres_frees_after(self) -> float | None:
        """`postgres_frees_after_hours` in seconds."""
        return None if self.postgres_frees_after_hours is None else self.postgres_frees_after_hours * 3_600
