"""Bronze parsed: the elements of what is held, be it the bytes of a source or what redaction left of them."""

from collections.abc import Iterator

import polars as pl

from contracts.errors import UnreadableDocument
from flows.workspace import Workspace
from parsing.derived import decode_elements
from parsing.documents import Parsed, ToParse


def parse_held(workspace: Workspace, rows: pl.DataFrame, lost: list[str], /) -> Iterator[Parsed]:
    """One Parsed for each of the manifest's rows, in any order. Ids of those whose bytes are missing or were altered go to `lost`."""
    is_derived = pl.col("redacted").list.len() > 0
    for document_id, version_id, content in _held(workspace, rows.filter(is_derived), lost):
        yield decode_elements(document_id, version_id, content)
    passwords = {source: workspace.registry.passwords(source) for source in rows["source_id"].unique()}
    named = {name: (uri.rpartition("/")[2], passwords[source]) for name, uri, source in rows.select(_NAMED).iter_rows()}
    files = (
        ToParse(document_id, version_id, named[document_id][0], content, named[document_id][1])
        for document_id, version_id, content in _held(workspace, rows.filter(~is_derived), lost)
    )
    yield from workspace.parse(files, workspace.settings.parsing)


_NAMED = ("document_id", "uri", "source_id")


def _held(workspace: Workspace, rows: pl.DataFrame, lost: list[str]) -> Iterator[tuple[str, str, bytes]]:
    for document_id, version_id in rows.select("document_id", "version_id").iter_rows():
        try:
            yield document_id, version_id, workspace.blobs.get(document_id, version_id)
        except UnreadableDocument:
            lost.append(document_id)
