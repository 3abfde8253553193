"""Bronze to silver: each new version parsed, cleaned, cut into chunks and compared with all others, in batches."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from chunking.chunk import chunk
from chunking.cutting import chunking_fingerprint, cutting
from chunking.normalise import normalise
from cleaning.clean import clean, cleaning_fingerprint
from configs.faults import reach
from contracts.ids import fingerprint
from contracts.ports import Progress
from contracts.results import Failure
from flows.look import UNREAD
from flows.parse import parse_held
from flows.quarantine import OF_LISTING, Refusal, note, strike_off
from flows.reencoded import finish_refusals, refuse_reencoded, refused_for_ever
from flows.release import release
from flows.workspace import Workspace
from governance.digest import digest_texts
from parsing.documents import Parsed
from parsing.fingerprint import parsing_fingerprint
from parsing.tabulate import tabulate, tabulate_reports
from parsing.tools import curable

_VERSION = ["document_id", "version_id"]
_BATCH_FILES = 100
_BATCH_ELEMENTS = 20_000

_LOST = Failure(
    "bronze.unreadable",
    "its stored bytes are missing or were altered",
    "Nothing, if its source still has it: the next ingest reads it again. Else put the backup of the workspace back.",
)


_EMPTY = Failure(
    "clean.nothing_left",
    "every element was dropped as too short, repeated or page furniture",
    "Look at what was found with: ragkeep show URI --elements; loosen the settings under cleaning, or take the file away.",
)


@dataclass(slots=True)
class Prepared:
    """Document ids by outcome."""

    finished: set[str] = field(default_factory=set)
    quarantined: set[str] = field(default_factory=set)


def silver_fingerprint(workspace: Workspace, /) -> str:
    """Of parsing, cleaning and chunking together: the address of a document's chunks."""
    settings, model = workspace.settings, workspace.model
    return fingerprint(
        "silver",
        parsing=parsing_fingerprint(settings.parsing),
        cleaning=cleaning_fingerprint(settings.cleaning),
        chunking=chunking_fingerprint(settings.chunking, model.tokenizer, model.tokenizer_identity, model.fingerprint),
    )


def pending(workspace: Workspace, /, *, retry: bool = False) -> pl.DataFrame:
    """The manifest's rows of documents whose current version has no finished chunks by the current settings, sorted by bucket.

    A version that is in quarantine is not tried again, unless `retry`, or the settings it failed under have changed, or the program that it
    lacked is there now; one whose text was erased never is.
    """
    current = silver_fingerprint(workspace)
    manifest = workspace.lake.manifest.read().filter((pl.col("state") != "removed") & pl.col("terms_problem").is_null())
    todo = manifest.join(_held(workspace, workspace.outputs.frame().filter(pl.col("fingerprint") == current)), on=_VERSION, how="anti")
    todo = todo.join(refused_for_ever(workspace), on=_VERSION, how="anti")
    if not retry:
        failed = workspace.lake.quarantine.read(columns=[*_VERSION, "fingerprint", "rule"]).filter(pl.col("fingerprint") == current)
        again = curable(failed["rule"].unique().to_list(), workspace.settings.parsing)
        todo = todo.join(failed.filter(~pl.col("rule").is_in(again)), on=_VERSION, how="anti")
    return todo.sort("bucket", "document_id")


def _held(workspace: Workspace, outputs: pl.DataFrame) -> pl.DataFrame:
    """Those outputs that the lake still has: of a lake that was lost, the ledger's word that all was finished is worth nothing."""
    chunks = workspace.lake.chunks.read(columns=["document_id"]).group_by("document_id").agg(chunks=pl.len().cast(pl.Int64))
    elements = workspace.lake.elements.read(columns=["document_id"]).unique()
    has_chunks = outputs.join(chunks, on=["document_id", "chunks"], how="semi")
    return pl.concat([has_chunks, outputs.filter(pl.col("chunks") == 0)]).join(elements, on="document_id", how="semi")


def prepare(workspace: Workspace, todo: pl.DataFrame, /, *, now: datetime, progress: Progress) -> Prepared:
    """Silver holds the elements and chunks of these documents, or the quarantine says why not; then the old version's chunks stay."""
    finish_refusals(workspace)
    done = Prepared()
    parsed_before = _parsed_before(workspace, todo)
    to_parse = todo.join(parsed_before, on=_VERSION, how="anti")
    for batch in parsed_before.iter_slices(_BATCH_FILES):
        _finish(workspace, batch, now)
        done.finished.update(batch["document_id"])
        progress.advance("prepare", len(done.finished), todo.height)
    lost: list[str] = []
    for parsed in _batches(parse_held(workspace, to_parse, lost)):
        good = _store(workspace, todo, parsed, done, now)
        _finish(workspace, todo.filter(pl.col("document_id").is_in(good)).select(_VERSION), now)
        done.finished.update(good)
        progress.advance("prepare", len(done.finished) + len(done.quarantined), todo.height)
    _read_again(workspace, lost, done, now)
    _finish_older(workspace, sorted(done.quarantined), now)
    return done


def _parsed_before(workspace: Workspace, todo: pl.DataFrame) -> pl.DataFrame:
    """document_id and version_id of what the lake holds elements of, by the current parsing: only cleaning or chunking has changed."""
    held = workspace.lake.elements.read(todo["document_id"].to_list(), columns=["document_id", "version_id", "fingerprint"]).unique()
    same = held.filter(pl.col("fingerprint") == parsing_fingerprint(workspace.settings.parsing))
    return same.join(todo, on=_VERSION, how="semi").select(_VERSION).sort("document_id")


def _batches(parsed: Iterable[Parsed]) -> Iterator[list[Parsed]]:
    """In the order in which they were parsed, which is nearly that of the buckets: so a batch is few commits."""
    batch: list[Parsed] = []
    elements = 0
    for document in parsed:
        batch.append(document)
        elements += len(document.elements)
        if len(batch) == _BATCH_FILES or elements > _BATCH_ELEMENTS:
            yield batch
            batch, elements = [], 0
    if batch:
        yield batch


def _store(workspace: Workspace, todo: pl.DataFrame, parsed: list[Parsed], done: Prepared, now: datetime) -> list[str]:
    """Elements are in the lake, failures in the quarantine; answers the documents that have elements."""
    failed = {document.document_id: document.failure for document in parsed if document.failure}
    if failed:
        rows = todo.filter(pl.col("document_id").is_in(list(failed))).iter_rows(named=True)
        refusals = [
            Refusal(row["document_id"], row["version_id"], row["source_id"], row["uri"], failed[row["document_id"]]) for row in rows
        ]
        note(workspace, refusals, (), fingerprint=silver_fingerprint(workspace), now=now)
        done.quarantined.update(failed)
    buckets, fingerprint_ = workspace.settings.stores.buckets, parsing_fingerprint(workspace.settings.parsing)
    elements = tabulate((document for document in parsed if not document.failure), fingerprint=fingerprint_, buckets=buckets)
    reports = tabulate_reports(parsed, fingerprint=fingerprint_, buckets=buckets)
    refused = _refuse_erased(workspace, todo, elements, now)
    done.quarantined.update(refused)
    good = [document.document_id for document in parsed if not document.failure and document.document_id not in refused]
    workspace.outputs.forget(good)
    workspace.lake.elements.replace(elements.filter(pl.col("document_id").is_in(good)), good)
    workspace.lake.reports.replace(reports.filter(pl.col("document_id").is_in(good)), good)
    reach("prepare.elements")
    return good


def _refuse_erased(workspace: Workspace, todo: pl.DataFrame, elements: pl.DataFrame, now: datetime) -> set[str]:
    """The documents whose text was erased, whatever their bytes: of them nothing is kept."""
    texts = digest_texts(elements, workspace.identity)
    erased = workspace.suppressions.suppressed(set(texts["text_digest"]), "text")
    refused = set(texts.filter(pl.col("text_digest").is_in(list(erased)))["document_id"])
    refuse_reencoded(workspace, todo.filter(pl.col("document_id").is_in(list(refused))), now=now)
    return refused


def _read_again(workspace: Workspace, lost: list[str], done: Prepared, now: datetime) -> None:
    """Documents whose stored bytes are gone or were altered: in quarantine until the next run has read them from their source."""
    if not lost:
        return
    rows = workspace.lake.manifest.read(lost)
    held = rows.select(*_VERSION, "source_id", "uri").iter_rows()
    refusals = [Refusal(document_id, version_id, source_id, uri, _LOST) for document_id, version_id, source_id, uri in held]
    note(workspace, refusals, (), fingerprint=OF_LISTING, now=now)
    workspace.lake.manifest.replace(rows.with_columns(stat=pl.lit(UNREAD)), rows["document_id"].to_list())
    done.quarantined.update(rows["document_id"])


def _finish_older(workspace: Workspace, failed: list[str], now: datetime) -> None:
    """What is still served of documents whose new version failed is cut by the current settings too, from the elements that are held."""
    if not failed:
        return
    held = workspace.lake.elements.read(failed, columns=[*_VERSION, "fingerprint"]).unique()
    held = held.filter(pl.col("fingerprint") == parsing_fingerprint(workspace.settings.parsing)).select(_VERSION)
    finished = workspace.outputs.frame().filter(pl.col("fingerprint") == silver_fingerprint(workspace))
    for batch in held.join(finished, on=_VERSION, how="anti").sort("document_id").iter_slices(_BATCH_FILES):
        _finish(workspace, batch, now, superseded=True)


def _finish(workspace: Workspace, rows: pl.DataFrame, now: datetime, *, superseded: bool = False) -> None:
    """From elements to chunks that are compared with all others, of these (document_id, version_id); the last write says that all is there.

    What was finished before is forgotten first: killed in between, the document is taken up again, whichever version it then has.
    """
    document_ids = rows["document_id"].to_list()
    if not document_ids:
        return
    lake, settings, current = workspace.lake, workspace.settings, silver_fingerprint(workspace)
    parsed = lake.elements.read(document_ids)
    elements, dropped = clean(parsed, settings.cleaning)
    how = cutting(settings.chunking, workspace.model.tokenizer, lambda texts: workspace.model.embedder.embed_documents(texts))
    chunks = chunk(elements, how, workspace.identity, buckets=settings.stores.buckets, fingerprint=current)
    workspace.outputs.forget(document_ids)
    lake.dropped.replace(dropped, document_ids)
    lake.chunks.replace(chunks, document_ids)
    reach("prepare.chunks")
    workspace.duplicates.replace(texts_to_compare(chunks), document_ids)
    release(workspace, document_ids)
    if not superseded:
        strike_off(workspace, document_ids)
        _note_empty(workspace, set(document_ids) - set(chunks["document_id"]), now)
    digests = digest_texts(parsed, workspace.identity)
    workspace.outputs.finish(_outputs(rows, elements, chunks, current).join(digests, on=_VERSION, how="left"), now)
    reach("prepare.finished")
    if not superseded:
        for document_id, version_id in rows.select(_VERSION).iter_rows():
            workspace.blobs.keep_only(document_id, [version_id])


def _note_empty(workspace: Workspace, document_ids: set[str], now: datetime) -> None:
    """A document of which cleaning left nothing is no success: it stands in the quarantine, though there is nothing to try again."""
    if document_ids:
        rows = workspace.lake.manifest.read(document_ids).select(*_VERSION, "source_id", "uri").iter_rows()
        refusals = [Refusal(document_id, version_id, source_id, uri, _EMPTY) for document_id, version_id, source_id, uri in rows]
        note(workspace, refusals, (), fingerprint=silver_fingerprint(workspace), now=now)


def texts_to_compare(chunks: pl.DataFrame, /) -> pl.DataFrame:
    """text_key, document_id and the normalised text that the key was made of: what the duplicate index is told."""
    return chunks.select("text_key", "document_id", normalise(pl.col("text")).alias("text"))


def _outputs(rows: pl.DataFrame, elements: pl.DataFrame, chunks: pl.DataFrame, current: str) -> pl.DataFrame:
    outputs = rows.select("document_id", "version_id", fingerprint=pl.lit(current))
    for name, frame in (("elements", elements), ("chunks", chunks)):
        counts = frame.group_by("document_id").agg(pl.len().cast(pl.Int64).alias(name))
        outputs = outputs.join(counts, on="document_id", how="left")
    return outputs.with_columns(pl.col("elements", "chunks").fill_null(0))
