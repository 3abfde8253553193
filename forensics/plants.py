"""How a secret is hidden in a file, one way an encoding: what the witness's eyes are tried on."""

import bz2
import gzip
import html
import io
import json
import lzma
import sqlite3
import unicodedata
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Secret:
    """What is to be found, one or the other."""

    text: str
    vector: bytes
    """Numbers in float32, little-endian."""


Plant = Callable[[Path, Secret], None]
"""Writes files into a folder, in which the text or the vector can be found."""

_CHUNK = 4 << 20


def _text(encode: Callable[[str], bytes], *wraps: Callable[[bytes], bytes]) -> Plant:
    def plant(folder: Path, secret: Secret) -> None:
        content = encode(secret.text)
        for wrap in wraps:
            content = wrap(content)
        _write(folder, content)

    return plant


def _vector(encode: Callable[[bytes], bytes]) -> Plant:
    return lambda folder, secret: _write(folder, encode(b"\x01\x02" + secret.vector + b"\x03"))


def _write(folder: Path, content: bytes) -> None:
    (folder / "planted").write_bytes(content)


def _named(folder: Path, secret: Secret) -> None:
    (folder / f"{secret.text}.txt").touch()


def _across_steps(folder: Path, secret: Secret) -> None:
    """Half of it before the place at which a large file is cut for reading."""
    _write(folder, b"\n" * (_CHUNK - len(secret.text) // 2) + secret.text.encode())


def _in_bytes(form: Literal["NFC", "NFD"]) -> Callable[[str], bytes]:
    return lambda text: b"some " + unicodedata.normalize(form, text).encode() + b" more"


def _json(text: str) -> bytes:
    return json.dumps({"note": f"a {text}"}).encode()


def _mixed_json(text: str) -> bytes:
    return _json(text).replace(b"\\u1e", b"\\u1E").replace(b"\\u01", b"\\u01")


def _in_base64(before: int) -> Callable[[str], bytes]:
    return lambda text: b64encode(b"a" * before + text.encode() + b"zz")


def _zipped(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("member", content)
    return archive.getvalue()


def _streamed(codec: str) -> Callable[[bytes], bytes]:
    def pack(content: bytes) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, codec) as stream:
            stream.write(content)
        return bytes(sink.getvalue())

    return pack


def _amid(content: bytes) -> bytes:
    return b"something before" + content + b"something after"


def _parquet(**how: Any) -> Plant:
    """Texts that share their beginnings, so that an encoding may leave these out."""

    def plant(folder: Path, secret: Secret) -> None:
        texts = [f"{secret.text[:number]}{number}" for number in range(len(secret.text))] + [secret.text] * 3
        pq.write_table(pa.table({"text": texts}), folder / "planted", **how)

    return plant


def _parquet_vectors(**how: Any) -> Plant:
    def plant(folder: Path, secret: Secret) -> None:
        rows = [np.zeros(8, "<f4"), np.frombuffer(secret.vector, "<f4")]
        pq.write_table(pa.table({"vector": pa.array(rows, pa.list_(pa.float32()))}), folder / "planted", **how)

    return plant


def _unused_entry(folder: Path, secret: Secret) -> None:
    """An entry of a dictionary that no row refers to: no reader of rows would ever show it."""
    column = pa.DictionaryArray.from_arrays(pa.array([0, None], pa.int32()), pa.array(["kept", secret.text]))
    pq.write_table(pa.table({"text": column}), folder / "planted", compression="snappy")


def _arrow(make: Callable[..., Any], compression: str | None) -> Plant:
    def plant(folder: Path, secret: Secret) -> None:
        table = pa.table({"deep": [[{"a": secret.text}], []], "vector": [[1.0], [2.0]]})
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with pa.OSFile(str(folder / "planted"), "wb") as sink, make(sink, table.schema, options=options) as writer:
            writer.write_table(table)

    return plant


def _database(journal: str, *, page: int = 4096, seam: int = 0, encoding: str = "UTF-8", delete: bool = False) -> Plant:
    """A value that is cut within the text, at its `seam`-th change of page, as a killed process leaves it on disk."""

    def plant(folder: Path, secret: Secret) -> None:
        wide = encoding != "UTF-8"
        before = _cut(page, seam) // (1 + wide) - len(secret.text) // 2
        value = ("x" * before + secret.text).encode("utf-16-le" if wide else "utf-8").ljust(5 * page, b"y")
        with closing(sqlite3.connect(folder / "live", isolation_level=None)) as database:
            for pragma in (f"page_size={page}", f"encoding='{encoding}'", "secure_delete=OFF", f"journal_mode={journal}"):
                database.execute(f"PRAGMA {pragma}")
            database.execute("CREATE TABLE t (x)")
            database.execute("INSERT INTO t VALUES (?)", (value.decode("utf-16-le" if wide else "utf-8"),))
            if delete:
                database.execute("BEGIN")
                database.execute("DELETE FROM t")
            if delete and journal == "WAL":
                database.execute("COMMIT")
            for file in sorted(folder.glob("live*")):
                file.with_name(file.name.replace("live", "planted")).write_bytes(file.read_bytes())
        for file in folder.glob("live*"):
            file.unlink()

    return plant


def _cut(page: int, seam: int) -> int:
    """Where SQLite cuts a value of five pages: after what it keeps beside the row, then after each page."""
    payload, least = 5 * page + 5, (page - 12) * 32 // 255 - 23
    beside = least + (payload - least) % (page - 4)
    return (beside if beside <= page - 35 else least) + seam * (page - 4) - 5


PLANTS: dict[str, Plant] = {
    "UTF-8, composed": _text(_in_bytes("NFC")),
    "UTF-8, decomposed": _text(_in_bytes("NFD")),
    "UTF-8, lower case": _text(lambda text: text.lower().encode()),
    "UTF-16, little-endian": _text(lambda text: text.encode("utf-16-le")),
    "UTF-16, big-endian": _text(lambda text: text.encode("utf-16-be")),
    "JSON": _text(_json),
    "JSON with codes in upper and lower case": _text(_mixed_json),
    "JSON in JSON": _text(lambda text: json.dumps({"line": _json(text).decode()}).encode()),
    "HTML": _text(lambda text: f"<td>{html.escape(text)}</td>".encode()),
    "URL": _text(lambda text: f"file:///{quote(text)}".encode()),
    "hexadecimal": _text(lambda text: text.encode().hex().encode()),
    **{f"base64 after {number} bytes": _text(_in_base64(number)) for number in range(3)},
    "the name of a file": _named,
    "a file larger than one reading": _across_steps,
    "gzip": _text(_in_bytes("NFC"), gzip.compress),
    "gzip amid other bytes": _text(_in_bytes("NFC"), gzip.compress, _amid),
    "zlib amid other bytes": _text(_in_bytes("NFC"), zlib.compress, _amid),
    "bzip2": _text(_in_bytes("NFC"), bz2.compress),
    "xz": _text(_in_bytes("NFC"), lzma.compress),
    "zstd": _text(_in_bytes("NFC"), _streamed("zstd")),
    "zstd amid other bytes": _text(_in_bytes("NFC"), _streamed("zstd"), _amid),
    "lz4 amid other bytes": _text(_in_bytes("NFC"), _streamed("lz4"), _amid),
    "a member of a zip archive": _text(_in_bytes("NFC"), _zipped),
    "gzip within zip within gzip": _text(_json, gzip.compress, _zipped, gzip.compress),
    **{f"Parquet, {codec}": _parquet(compression=codec) for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4")},
    "Parquet, second version of pages": _parquet(compression="snappy", data_page_version="2.0"),
    "Parquet without dictionary": _parquet(use_dictionary=False),
    "Parquet, texts without their common beginnings": _parquet(use_dictionary=False, column_encoding="DELTA_BYTE_ARRAY"),
    "Parquet, an entry that no row uses": _unused_entry,
    "Parquet, vectors": _parquet_vectors(),
    "Parquet, vectors without dictionary": _parquet_vectors(use_dictionary=False),
    "Parquet, vectors byte by byte": _parquet_vectors(use_dictionary=False, column_encoding="BYTE_STREAM_SPLIT"),
    "Arrow file": _arrow(pa.ipc.new_file, None),
    "Arrow file, zstd": _arrow(pa.ipc.new_file, "zstd"),
    "Arrow stream": _arrow(pa.ipc.new_stream, None),
    "Arrow stream, lz4": _arrow(pa.ipc.new_stream, "lz4"),
    "a vector as it is": _vector(bytes),
    "a vector in base64": _vector(b64encode),
    "a vector in hexadecimal": _vector(lambda content: content.hex().upper().encode()),
    "SQLite, cut after the row": _database("DELETE"),
    "SQLite, cut between pages": _database("DELETE", seam=2),
    "SQLite, small pages": _database("DELETE", page=512, seam=1),
    "SQLite in UTF-16": _database("DELETE", seam=1, encoding="UTF-16le"),
    "SQLite, deleted but not overwritten": _database("WAL", seam=1, delete=True),
    "SQLite, write-ahead log": _database("WAL", seam=1),
    "SQLite, rollback journal": _database("DELETE", delete=True),
}
