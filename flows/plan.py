"""Plan: what an ingest would do, and why, without doing it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from flows.cost import Predicted, predict
from flows.decide import decide
from flows.embedded import keyed_texts
from flows.family import Families
from flows.prepare import pending
from flows.unpack import unpacking_of
from flows.workspace import Workspace
from vectorstore.diff import diff


@dataclass(frozen=True, slots=True)
class Step:
    """One document that would be read, parsed or removed."""

    action: str
    uri: str
    why: str
    size: int = 0
    """Bytes that are to be parsed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Documents one by one; of the index what is known before parsing: rows of documents that are still to be parsed come on top."""

    documents: tuple[Step, ...]
    upserts: int
    deletes: int
    embeds: int
    cost: Predicted
    reasons: dict[str, int]


def plan(workspace: Workspace, sources: Sequence[str], /, *, now: datetime) -> Plan:
    """What `ingest` would do as of `now`. Lists the sources, reads no document, and writes nothing to any store."""
    steps = [step for source_id in sources for step in _listing_steps(workspace, source_id)]
    listed = {(step.action, step.uri) for step in steps}
    reparse = pending(workspace).select("uri", "size").iter_rows()
    steps += [
        Step("parse", uri, "no chunks by the current settings", size)
        for uri, size in reparse
        if not {("read", uri), ("remove", uri)} & listed
    ]
    decision = decide(workspace, now=now)
    changes = diff(decision.wanted, workspace.present.frame())
    texts = workspace.lake.chunks.read(changes.upserts["document_id"].unique().to_list(), columns=["chunk_id", "text", "heading_path"])
    keyed = dict(keyed_texts(workspace, texts.join(changes.upserts, on="chunk_id", how="semi")))
    cached = workspace.vectors.get(keyed)
    missing = [text for key, text in keyed.items() if key not in cached]
    cost = predict(workspace, sum(workspace.model.tokenizer.count(missing)), sum(step.size for step in steps))
    reasons = Counter(f"refused: {rule}" for rule in decision.refused["rule"])
    reasons["redundant: another chunk stands for it"] += decision.redundant.height
    return Plan(tuple(steps), changes.upserts.height, changes.deletes, len(missing), cost, dict(+reasons))


def _listing_steps(workspace: Workspace, source_id: str) -> list[Step]:
    """Of what lies in a file that is to be read nothing is known yet; the rest of it is left alone, or goes, with its file."""
    held = workspace.lake.manifest.read().filter(pl.col("source_id") == source_id)
    known = {row["uri"]: row for row in held.filter(pl.col("parent_id").is_null()).iter_rows(named=True)}
    unpacking = unpacking_of(workspace, source_id)
    steps, kept = [], set[str]()
    for listed in workspace.registry.open(source_id).list():
        before = known.get(listed.uri)
        kept.update([before["document_id"]] if before else ())
        if listed.problem:
            steps.append(Step("quarantine", listed.uri, f"{listed.problem.rule}: {listed.problem.detail}"))
        elif before is None:
            steps.append(Step("read", listed.uri, "new", listed.size))
        elif before["stat"] != listed.stat:
            steps.append(Step("read", listed.uri, "size or modification time changed", listed.size))
        elif before["unpacked"] not in ("", unpacking):
            steps.append(Step("read", listed.uri, "what lies in it would be taken out differently", listed.size))
    kept |= Families.of(held).below(kept)
    gone = held.filter(pl.col("document_id").is_in(list(kept)).not_())["uri"].sort()
    return steps + [Step("remove", uri, "no longer listed") for uri in gone]
