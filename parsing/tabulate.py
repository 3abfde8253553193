"""Parsed documents as a table."""

from collections.abc import Iterable

import dataframely as dy
import polars as pl

from contracts.ids import bucket
from contracts.tables import ParsedElement, ParseReport
from parsing.documents import Parsed


def tabulate(parsed: Iterable[Parsed], /, *, fingerprint: str, buckets: int) -> dy.DataFrame[ParsedElement]:
    """One row an element, ordinals from 0 in each document; failed documents have no rows."""
    rows = [
        (bucket(document.document_id, buckets), document.document_id, document.version_id, fingerprint, ordinal, *element)
        for document in parsed
        for ordinal, element in enumerate(document.elements)
    ]
    order = ["bucket", "document_id", "version_id", "fingerprint", "ordinal", "kind", "text", "html", "page", "heading_path", "language"]
    order += ["reader", "box", "links"]
    schema = ParsedElement.create_empty().schema
    frame = pl.DataFrame(rows, schema={name: schema[name] for name in order}, orient="row")
    return ParsedElement.validate(frame.select(ParsedElement.column_names()))


def tabulate_reports(parsed: Iterable[Parsed], /, *, fingerprint: str, buckets: int) -> dy.DataFrame[ParseReport]:
    """One row for each document that has a report."""
    rows = [
        (bucket(one.document_id, buckets), one.document_id, one.version_id, fingerprint, *one.report[:3], *(one.report.flag or _NO_FLAG))
        for one in parsed
        if one.report
    ]
    return ParseReport.validate(pl.DataFrame(rows, schema=ParseReport.create_empty().schema, orient="row"))


_NO_FLAG = (None, None, None)
