"""Duplicates as people look at them: which chunk stands for which, why that one was kept, and where the texts differ. Audited."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl

from contracts.errors import UsageError
from dedup.compare import Piece, compare_words
from dedup.sketch import sketch
from flows.decide import Decision, decide
from flows.prepare import texts_to_compare
from flows.record import OPERATOR, audit
from flows.workspace import Workspace

_PLACE = ("chunk_id", "document_id", "source_id", "uri", "heading_path", "text")


@dataclass(frozen=True, slots=True)
class Shown:
    """A chunk, where it stands and what it says."""

    chunk_id: str
    document_id: str
    source_id: str
    uri: str
    heading_path: str
    text: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A chunk that is not in the index since the kept one stands for it."""

    chunk: Shown
    jaccard: float
    why: str
    """Why the other one was kept and not this."""
    differences: tuple[Piece, ...]
    """The kept text is the first, this one the second."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A kept chunk and all that it stands for, the most similar first."""

    kept: Shown
    copies: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """Two chunks compared anew, from their texts."""

    first: Shown
    second: Shown
    jaccard: float
    threshold: float
    shared_shingles: int
    all_shingles: int
    shared_bands: tuple[int, ...]
    """Numbers of the bands, from 0, in which both signatures agree."""
    bands: int
    same_numbers: bool
    verdict: str
    differences: tuple[Piece, ...]


def read_clusters(workspace: Workspace, /, *, limit: int, now: datetime, action: str = "show.duplicates") -> list[Cluster]:
    """The largest clusters among what is admitted at this moment, at most `limit` of them. What is refused is not among them."""
    decision = decide(workspace, now=now)
    sizes = decision.redundant.group_by("representative").len().sort("len", "representative", descending=[True, False]).head(limit)
    pairs = decision.redundant.join(sizes, on="representative").sort("len", "representative", descending=[True, False], maintain_order=True)
    shown = _read(workspace, [*pairs["chunk_id"], *sizes["representative"]])
    audit(workspace, action, {chunk.document_id for chunk in shown.values()}, now=now, actor=OPERATOR)
    reasons = _Reasons(workspace, decision)
    clusters = []
    for (kept,), copies in pairs.group_by("representative", maintain_order=True):
        ordered = copies.sort("jaccard", "chunk_id", descending=[True, False]).select("chunk_id", "jaccard").iter_rows()
        kept_chunk = shown[str(kept)]
        listed = (
            Copy(shown[each], jaccard, reasons.why(kept_chunk, shown[each]), compare_words(kept_chunk.text, shown[each].text))
            for each, jaccard in ordered
        )
        clusters.append(Cluster(kept_chunk, tuple(listed)))
    return clusters


def explain(workspace: Workspace, first: str, second: str, /, *, now: datetime) -> Explained:
    """How alike two chunks are, in which bands they meet, and what follows. UsageError if either is not held."""
    shown = _read(workspace, [first, second])
    for chunk_id in (first, second):
        if chunk_id not in shown:
            raise UsageError(f"duplicates: no chunk with id {chunk_id!r} is held. The ids of a document's: ragkeep show DOCUMENT --chunks")
    audit(workspace, "show.duplicates", {chunk.document_id for chunk in shown.values()}, now=now, actor=OPERATOR)
    how = workspace.settings.dedup
    texts = pl.DataFrame({"text_key": ["", ""], "document_id": ["", ""], "text": [shown[first].text, shown[second].text]})
    one, other = sketch(texts_to_compare(texts)["text"], how.model_copy(update={"numbers_differ": False})).rows(named=True)
    common, every = len({*one["shingles"]} & {*other["shingles"]}), len({*one["shingles"], *other["shingles"]})
    bands = tuple(place for place, pair in enumerate(zip(one["bands"], other["bands"], strict=False)) if pair[0] == pair[1])
    same_text = texts_to_compare(texts)["text"].n_unique() == 1
    explained = Explained(
        first=shown[first],
        second=shown[second],
        jaccard=common / every if every else float(same_text),
        threshold=how.threshold,
        shared_shingles=common,
        all_shingles=every,
        shared_bands=bands,
        bands=how.banding().bands,
        same_numbers=one["number_key"] == other["number_key"],
        verdict="",
        differences=compare_words(shown[first].text, shown[second].text),
    )
    return replace(explained, verdict=_judge(explained, decide(workspace, now=now), how.numbers_differ))


def _read(workspace: Workspace, chunk_ids: list[str]) -> dict[str, Shown]:
    places = workspace.lake.chunks.read(columns=["bucket", "chunk_id", "document_id"]).filter(pl.col("chunk_id").is_in(chunk_ids))
    document_ids = places["document_id"].unique().to_list()
    sources = workspace.lake.manifest.read(document_ids).select("document_id", "source_id", "uri")
    chunks = workspace.lake.chunks.read(document_ids).filter(pl.col("chunk_id").is_in(chunk_ids))
    rows = chunks.select("chunk_id", "document_id", "heading_path", "text").join(sources, on="document_id").select(_PLACE)
    return {row["chunk_id"]: Shown(**row) for row in rows.iter_rows(named=True)}


class _Reasons:
    """Why one chunk comes before another: source priority, then the declared date, then the id."""

    def __init__(self, workspace: Workspace, decision: Decision) -> None:
        self._priorities: Mapping[str, int] = {name: settings.priority for name, settings in workspace.registry.all().items()}
        self._dates: Mapping[str, date | None] = dict(decision.admitted.select("document_id", "date").iter_rows())

    def why(self, kept: Shown, copy: Shown) -> str:
        first, second = self._priorities[kept.source_id], self._priorities[copy.source_id]
        if first != second:
            return f"source {kept.source_id} has priority {first}, {copy.source_id} has {second}"
        dated, other = self._dates[kept.document_id], self._dates[copy.document_id]
        if dated != other:
            return f"it is dated {dated}, the other {other or 'has no date'}"
        return "priority and date are the same, and its id comes first"


def _judge(explained: Explained, decision: Decision, numbers_differ: bool) -> str:
    """The first of the reasons that holds, in words."""
    first, second = explained.first.chunk_id, explained.second.chunk_id
    stands_for = {chunk: kept for chunk, kept in decision.redundant.select("chunk_id", "representative").iter_rows()}
    refused = dict(decision.refused.select("chunk_id", "rule").iter_rows())
    for chunk, other in ((first, second), (second, first)):
        if stands_for.get(chunk) == other:
            return f"{other} stands for {chunk}"
    for chunk in (first, second):
        if chunk in refused:
            return f"{chunk} is refused ({refused[chunk]}), and only admitted chunks are compared"
    if explained.jaccard < explained.threshold:
        return f"no duplicates: {explained.jaccard:.3f} is below the threshold of {explained.threshold}"
    if numbers_differ and not explained.same_numbers:
        return "no duplicates: they differ in a number or a date (dedup.numbers_differ)"
    if explained.shared_bands or explained.jaccard == 1.0:
        represented = [f"{stands_for[chunk]} stands for {chunk}" for chunk in (first, second) if chunk in stands_for]
        return "; ".join(represented) or "both are kept: neither's access, purposes and expiry cover the other's"
    return "both are kept: they share no band, so they were never compared"
