"""Seven years of a handbook that many people edit: the index follows each snapshot, and pays for what was edited alone."""

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from corpus_rig import DATA, CorpusWorkspace, RememberingParser, read_jsonl

from cleaning.clean import clean

SNAPSHOTS = DATA / "evolving_owasp"
ALL = os.environ.get("RAGKEEP_FULL_CORPORA") == "1"
EVERY_SNAPSHOT, EVERY_FILE = (1, 1) if ALL else (3, 3)
SLACK, MOST = 2, 0.95
"""Chunks that a change in one place of a file may change without touching them; and the share of files for which that is all, however
many places have changed since the snapshot before."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600 if ALL else 600),
    pytest.mark.skipif(not SNAPSHOTS.exists(), reason="the evolving documents are not here"),
]


@dataclass(frozen=True)
class Edit:
    """What one edited file cost: chunks by whether their text is new in it, and whether the edit touches them."""

    snapshot: str
    uri: str
    hunks: int
    """Places that changed."""
    chunks: int
    touched: int
    new: int
    beyond: int
    """New and untouched."""


@dataclass(frozen=True)
class Silver:
    """What a workspace holds of each document, by its uri."""

    lines: dict[str, list[tuple[int, int, bool, str]]]
    """Of the cleaned text: char_start, char_end, whether it is a heading, and what it says."""
    chunks: dict[str, list[tuple[str, int, int]]]
    """chunk_id, char_start, char_end."""


def test_the_index_follows_each_snapshot_and_pays_only_for_what_was_edited(folder: Path) -> None:
    documents, parser = folder / "documents", RememberingParser()
    living = CorpusWorkspace(folder / "living", documents, folder / "corpus.key", parser)
    served, silver, edits = set(), None, []
    for snapshot, files in _snapshots():
        removed = _write(documents, files)
        embedded_before = len(living.model.texts)
        done = living.ingest()
        embedded = living.model.texts[embedded_before:]
        rows = living.served()
        wanted = living.embedded(rows)

        fresh = _fresh(folder, documents, parser)
        assert not _differences(rows, fresh), f"{snapshot}: {_differences(rows, fresh)[:3]}"
        assert set(rows["uri"]) <= files.keys(), f"{snapshot}: removed files are still served"
        assert (done.documents.quarantined, done.documents.withheld, done.documents.removed) == (0, 0, len(removed))
        assert done.embedded == len(embedded) == len(set(embedded))
        assert served.isdisjoint(embedded), f"{snapshot}: embedded what was served before"
        assert set(embedded) <= wanted

        now = _silver(living)
        if silver:
            common = sorted(silver.lines.keys() & now.lines.keys())
            edits += [_edit(snapshot, uri, silver, now) for uri in common if silver.lines[uri] != now.lines[uri]]
        served, silver = wanted, now
    _tell(edits)
    assert len(edits) > 50
    assert not [edit for edit in edits if edit.beyond > SLACK * edit.hunks]
    assert sum(edit.beyond <= SLACK for edit in edits) >= MOST * len(edits)


@pytest.fixture
def folder() -> Iterator[Path]:
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as name:
        yield Path(name)


def _snapshots() -> Iterator[tuple[str, dict[str, str]]]:
    """Each chosen snapshot's name, and text by path of its chosen files."""
    blobs = {blob["sha"]: blob["text"] for blob in read_jsonl(SNAPSHOTS / "blobs.jsonl")}
    snapshots = read_jsonl(SNAPSHOTS / "manifest.jsonl")
    paths = sorted({path for snapshot in snapshots for path in snapshot["files"]})[::EVERY_FILE]
    for snapshot in snapshots[::EVERY_SNAPSHOT]:
        yield snapshot["snapshot"], {path: blobs[snapshot["files"][path]] for path in paths if path in snapshot["files"]}


def _write(documents: Path, files: dict[str, str]) -> set[str]:
    """The folder holds these files and no other; answers what went."""
    there = {path.relative_to(documents).as_posix() for path in documents.rglob("*") if path.is_file()}
    for uri in there - files.keys():
        (documents / uri).unlink()
    for uri, text in files.items():
        path = documents / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != text.encode():
            path.write_bytes(text.encode())
    return there - files.keys()


def _fresh(folder: Path, documents: Path, parser: RememberingParser) -> pl.DataFrame:
    fresh = CorpusWorkspace(folder / "fresh", documents, folder / "corpus.key", parser)
    fresh.ingest()
    shutil.rmtree(fresh.root)
    for left in folder.glob("fresh*"):
        left.unlink()
    return fresh.served()


def _differences(living: pl.DataFrame, fresh: pl.DataFrame) -> list[tuple[str, ...]]:
    """Ids with the columns in which their rows differ, or where they are missing."""
    found: list[tuple[str, ...]] = []
    rows, wanted = ({row["chunk_id"]: row for row in frame.to_dicts()} for frame in (living, fresh))
    for chunk_id in sorted(rows.keys() | wanted.keys()):
        if chunk_id in rows and chunk_id in wanted:
            differs = [name for name, value in rows[chunk_id].items() if value != wanted[chunk_id][name]]
            found += [(chunk_id, *differs)] if differs else []
        else:
            found.append((chunk_id, "not served" if chunk_id in wanted else "served, and ought not to be"))
    return found


def _silver(living: CorpusWorkspace) -> Silver:
    with living.open() as workspace:
        uris = dict(workspace.lake.manifest.read().select("document_id", "uri").iter_rows())
        elements, _ = clean(workspace.lake.elements.read(), workspace.settings.cleaning)
        chunks = workspace.lake.chunks.read().sort("document_id", "ordinal")
    silver = Silver({uri: [] for uri in uris.values()}, {uri: [] for uri in uris.values()})
    for document_id, start, kind, text in elements.select("document_id", "char_start", "kind", "text").iter_rows():
        for line in text.split("\n"):
            silver.lines[uris[document_id]].append((start, start + len(line), kind == "title", line))
            start += len(line) + 1
    for document_id, *place in chunks.select("document_id", "chunk_id", "char_start", "char_end").iter_rows():
        silver.chunks[uris[document_id]].append(tuple(place))
    return silver


def _edit(snapshot: str, uri: str, before: Silver, after: Silver) -> Edit:
    known = {chunk_id for chunk_id, _, _ in before.chunks[uri]}
    changed, chunks = _changed(before.lines[uri], after.lines[uri]), after.chunks[uri]
    touched = {chunk_id for chunk_id, start, end in chunks if any(start < until and since < end for since, until in changed)}
    new = {chunk_id for chunk_id, _, _ in chunks} - known
    return Edit(snapshot, uri, len(changed), len(chunks), len(touched), len(new), len(new - touched))


def _changed(before: list[tuple[int, int, bool, str]], after: list[tuple[int, int, bool, str]]) -> list[tuple[int, int]]:
    """Spans of the new text whose lines are new; where lines went, the line on either side of the gap. To become a heading is a change."""
    spans = []
    same = difflib.SequenceMatcher(None, [line[2:] for line in before], [line[2:] for line in after], autojunk=False)
    for what, _, _, since, until in same.get_opcodes():
        if what != "equal":
            gap = what == "delete"
            lines = after[max(0, since - gap) : until + gap]
            spans.append((lines[0][0], lines[-1][1]))
    return spans


def _tell(edits: list[Edit]) -> None:
    """What pytest shows with -s, and where a law fails."""
    frame = pl.DataFrame(edits)
    print(frame.group_by("snapshot").agg(pl.len().alias("edited"), pl.sum("hunks", "chunks", "touched", "new", "beyond")).sort("snapshot"))
    print(frame.group_by("beyond").len().sort("beyond"))
    for edit in sorted(edits, key=lambda edit: -edit.beyond)[:20]:
        print(edit)
