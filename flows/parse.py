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
    names = dict(rows.select("document_id", pl.col("uri").str.split("/").list.last()).iter_rows())
    files = (
        ToParse(name, version_id, names[name], content) for name, version_id, content in _held(workspace, rows.filter(~is_derived), lost)
    )
    yield from workspace.parse(files, workspace.settings.parsing)


def _held(workspace: Workspace, rows: pl.DataFrame, lost: list[str]) -> Iterator[tuple[str, str, bytes]]:
    for document_id, version_id in rows.select("document_id", "version_id").iter_rows():
        try:
            yield document_id, version_id, workspace.blobs.get(document_id, version_id)
        except UnreadableDocument:
            lost.append(document_id)
