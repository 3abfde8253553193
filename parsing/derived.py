"""What was made of a document by leaving people out, as bytes that bronze can hold in place of the original."""

import io

import polars as pl

from parsing.documents import Found, Parsed

_COLUMNS = list(Found._fields)


def encode_elements(elements: pl.DataFrame, /) -> bytes:
    """The ParsedElement rows of one document as JSON lines, in reading order."""
    written = io.BytesIO()
    elements.sort("ordinal").select(_COLUMNS).write_ndjson(written)
    return written.getvalue()


def decode_elements(document_id: str, version_id: str, content: bytes, /) -> Parsed:
    """What `encode_elements` was given: there is nothing left to parse."""
    rows = pl.read_ndjson(io.BytesIO(content), schema=_SCHEMA)
    return Parsed(document_id, version_id, tuple(Found(*row) for row in rows.iter_rows()), None)


_TYPES = {"page": pl.UInt32(), "box": pl.List(pl.Float64()), "links": pl.List(pl.Struct({"text": pl.String(), "target": pl.String()}))}
_SCHEMA = {name: _TYPES.get(name, pl.String()) for name in _COLUMNS}
