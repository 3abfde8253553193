"""Digests of model weights, remembered by path, size and modification time, so that 90 MB are not hashed again in every run."""

from sqlalchemy import BigInteger, Column, Engine, String, Table, select

from ledger.columns import LEDGER
from ledger.database import upsert, writing

_WEIGHTS = Table(
    "model_weights",
    LEDGER,
    Column("path", String, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
)


class Models:
    """Path of a weights file to its digest, as long as the file looks the same."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, path: str, size: int, mtime_ns: int, /) -> str | None:
        """The SHA-256 of the file, None if it is not known or the file has changed."""
        same = (_WEIGHTS.c.path == path, _WEIGHTS.c.size == size, _WEIGHTS.c.mtime_ns == mtime_ns)
        with self._engine.connect() as connection:
            return connection.execute(select(_WEIGHTS.c.sha256).where(*same)).scalar_one_or_none()

    def put(self, path: str, size: int, mtime_ns: int, sha256: str, /) -> None:
        """The file has this digest; an earlier one of the same path is replaced."""
        with writing(self._engine) as connection:
            upsert(connection, _WEIGHTS, [{"path": path, "size": size, "mtime_ns": mtime_ns, "sha256": sha256}])
