"""Silver to gold: wanted = F(accepted versions, terms, consent, suppressions, policy, settings, now). Nothing else decides."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from contracts.ids import fingerprint
from contracts.results import ChunkCounts
from contracts.tables import IndexRow
from contracts.terms import Classification
from dedup.resolve import resolve
from flows.prepare import texts_to_compare
from flows.scope import EVERYTHING, Scope
from flows.send import transfer_of
from flows.workspace import Workspace
from governance.admit import Policy, admit
from governance.terms import effective_terms
from ledger.access import AccessTerms
from ledger.database import batches
from vectorstore.diff import diff

_PLACES = ["bucket", "chunk_id", "document_id", "text_key", "content_hash", "fingerprint"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of every chunk of silver, or of those in `scope`: each is in exactly one of the three."""

    wanted: pl.DataFrame
    """chunk_id, document_id, row_hash"""
    redundant: pl.DataFrame
    """chunk_id, representative, jaccard"""
    refused: pl.DataFrame
    """chunk_id, document_id, rule, detail"""
    admitted: pl.DataFrame
    """The admitted documents with their terms, as `governance.admit` gives them."""
    sequence: int
    """Of the suppressions that were known."""
    scope: Scope
    """What was decided about."""

    def concerns(self) -> pl.Expr:
        """Which rows of (chunk_id, document_id) this decision is about: every one, unless it has a scope."""
        if self.scope.documents is None:
            return pl.lit(True)
        decided = pl.concat([frame["chunk_id"] for frame in (self.wanted, self.redundant, self.refused)])
        return pl.col("chunk_id").is_in(decided.implode()) | pl.col("document_id").is_in(list(self.scope.leaving))

    @property
    def counts(self) -> ChunkCounts:
        redundant, refused, wanted = self.redundant.height, self.refused.height, self.wanted.height
        return ChunkCounts(produced=redundant + refused + wanted, redundant=redundant, refused=refused, wanted=wanted)


def decide(workspace: Workspace, /, *, now: datetime, scope: Scope = EVERYTHING) -> Decision:
    """What the index ought to hold as of `now`, of everything or of what is in a scope.

    Reads, and writes nothing but texts that the duplicate index lacks.
    """
    suppressed = workspace.suppressions.all()
    manifest = workspace.lake.manifest.read(scope.documents).filter(pl.col("state") != "removed")
    documents = effective_terms(manifest, workspace.registry.terms(), workspace.identity)
    admitted, refused = admit(
        documents,
        workspace.consent.state(now, None if scope.documents is None else set(documents["subject_keys"].explode(empty_as_null=False))),
        Policy(workspace.settings.policies.purposes, transfer_of(workspace, workspace.model)),
        identity=workspace.identity,
        suppressed=suppressed.documents | suppressed.versions | suppressed.subjects,
        now=now,
    )
    chunks = workspace.lake.chunks.read(scope.documents, columns=_PLACES)
    if scope.texts is not None:
        chunks = chunks.filter(pl.col("text_key").is_in(list(scope.texts)))
    _complete_duplicates(workspace, chunks)
    judged = chunks.join(_with_priority(workspace, admitted), on="document_id")
    duplicates = workspace.duplicates
    resolved = resolve(judged, duplicates.edges(scope.texts), workspace.settings.dedup, crowd=duplicates.crowd(scope.texts))
    kept = judged.join(resolved.filter(pl.col("representative").is_null()), on="chunk_id", how="semi")
    return Decision(
        wanted=_with_row_hash(kept, workspace.model.fingerprint).select("chunk_id", "document_id", "row_hash"),
        redundant=resolved.filter(pl.col("representative").is_not_null()),
        refused=_refused(chunks, admitted, refused),
        admitted=admitted,
        sequence=suppressed.sequence,
        scope=scope,
    )


def write_gold(workspace: Workspace, decision: Decision, /) -> int:
    """How many documents' rows of gold were written: gold equals what is wanted when this returns."""
    held = workspace.lake.rows.read(decision.scope.documents, columns=["chunk_id", "document_id", "row_hash"])
    changes = diff(decision.wanted, held.filter(decision.concerns()))
    touched = sorted({*changes.upserts["document_id"], *changes.withdrawals["document_id"], *changes.leftovers["document_id"]})
    for start in range(0, len(touched), _DOCUMENTS_AT_ONCE):
        part = touched[start : start + _DOCUMENTS_AT_ONCE]
        workspace.lake.rows.replace(pl.concat([_rows(workspace, decision, part), _left_alone(workspace, decision, part)]), part)
    return len(touched)


_DOCUMENTS_AT_ONCE = 2_000


def _complete_duplicates(workspace: Workspace, chunks: pl.DataFrame) -> None:
    """An index that was emptied, since its settings changed or its file was lost, is filled again from silver.

    Of all documents: of those whose texts came back with another document it would not know that they own them. So many at a time that
    their texts fit memory, which changes nothing about the pairs.
    """
    if workspace.duplicates.missing(chunks["text_key"].unique()):
        for part in batches(chunks["document_id"].unique().sort(), _DOCUMENTS_AT_ONCE):
            workspace.duplicates.replace(texts_to_compare(workspace.lake.chunks.read(part)), part)


def _with_priority(workspace: Workspace, admitted: pl.DataFrame) -> pl.DataFrame:
    priorities = {name: settings.priority for name, settings in workspace.registry.all().items()}
    ranks = {str(classification): classification.rank for classification in Classification}
    return admitted.select(
        "document_id",
        "groups",
        "purposes",
        "expires_at",
        "date",
        "terms_hash",
        source_priority=pl.col("source_id").replace_strict(priorities, return_dtype=pl.Int64),
        classification=pl.col("classification").replace_strict(ranks, return_dtype=pl.Int64),
    )


def _with_row_hash(kept: pl.DataFrame, model: str) -> pl.DataFrame:
    """content_hash, then a hash of the terms, the chunking and the model: whatever a reader can see or filter by."""
    pairs = kept.select("terms_hash", "fingerprint").unique()
    terms = [fingerprint("row", terms=terms, chunking=chunking, model=model) for terms, chunking in pairs.iter_rows()]
    hashed = kept.join(pairs.with_columns(pl.Series("_terms", terms, dtype=pl.String)), on=["terms_hash", "fingerprint"])
    return hashed.with_columns(row_hash=pl.col("content_hash") + pl.col("_terms"))


def _refused(chunks: pl.DataFrame, admitted: pl.DataFrame, refused: pl.DataFrame) -> pl.DataFrame:
    """Chunks of refused documents, and of documents that the manifest no longer knows, which a killed removal left."""
    left = chunks.join(admitted, on="document_id", how="anti").join(refused, on="document_id", how="left")
    return left.select(
        "chunk_id",
        "document_id",
        pl.col("rule").fill_null("document.removed"),
        pl.col("detail").fill_null("the document is on its way out"),
    )


def _rows(workspace: Workspace, decision: Decision, document_ids: list[str]) -> pl.DataFrame:
    """Gold rows, whole, of the wanted chunks of these documents."""
    wanted = decision.wanted.filter(pl.col("document_id").is_in(document_ids))
    chunks = workspace.lake.chunks.read(document_ids).join(wanted.select("chunk_id", "row_hash"), on="chunk_id")
    rows = chunks.join(decision.admitted, on="document_id")
    built = {name: fingerprint("index", chunking=name, model=workspace.model.fingerprint) for name in rows["fingerprint"].unique()}
    return rows.with_columns(fingerprint=pl.col("fingerprint").replace_strict(built, return_dtype=pl.String)).select(
        IndexRow.column_names()
    )


def _left_alone(workspace: Workspace, decision: Decision, document_ids: list[str]) -> pl.DataFrame:
    """Gold rows of these documents that the decision is not about."""
    if decision.scope.documents is None:
        return IndexRow.create_empty()
    return workspace.lake.rows.read(document_ids).filter(~decision.concerns())


def known_access(decision: Decision, /) -> list[AccessTerms]:
    """The access terms that the admitted documents carry, for resolving a reader to keys."""
    terms = decision.admitted.select("access_key", "groups", "classification", "purposes").unique("access_key")
    return [AccessTerms(key, tuple(groups), classification, tuple(purposes)) for key, groups, classification, purposes in terms.iter_rows()]
