"""Parsed documents as a table."""

from collections.abc import Iterable

import dataframely as dy
import polars as pl

from contracts.ids import bucket
from contracts.tables import ParsedElement
from parsing.documents import Parsed


def tabulate(parsed: Iterable[Parsed], /, *, fingerprint: str, buckets: int) -> dy.DataFrame[ParsedElement]:
    """One row an element, ordinals from 0 in each document; failed documents have no rows."""
    rows = [
        (bucket(document.document_id, buckets), document.document_id, document.version_id, fingerprint, ordinal, *element)
        for document in parsed
        for ordinal, element in enumerate(document.elements)
    ]
    order = ["bucket", "document_id", "version_id", "fingerprint", "ordinal", "kind", "text", "html", "page", "heading_path", "language"]
    schema = ParsedElement.create_empty().schema
    frame = pl.DataFrame(rows, schema={name: schema[name] for name in order}, orient="row")
    return ParsedElement.validate(frame.select(ParsedElement.column_names()))
