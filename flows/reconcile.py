"""Reconcile: the whole vector store read back and compared with gold, row by row and vector by vector."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from contracts.errors import UsageError
from contracts.ports import Progress
from flows.decide import decide, write_gold
from flows.erase import resume
from flows.readback import digests
from flows.record import recorded
from flows.synchronise import synchronise
from flows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Rows of the store by what is wrong with them; all zero once it holds what it should."""

    rows: int
    missing: int
    zombies: int
    """Rows that should not be there."""
    altered: int
    """Rows whose text, terms or vector are not what was written."""
    repaired: bool
    embedded: int
    run_id: str


def reconcile(workspace: Workspace, /, *, repair: bool, now: datetime, progress: Progress) -> Reconciled:
    """What the store holds against what it should, read with strong consistency. With `repair` the difference is mended.

    A row that lost its vector gets it back from the cache; only what the cache lacks is embedded. Raises UsageError where the index is
    of another model than the settings name: then every row differs.
    """
    if workspace.index.outdated():
        raise UsageError("reconcile: the index was made with another model than the settings name. Build it anew with: ragkeep reindex")
    with recorded(workspace, "reconcile", "", now=now) as run:
        if repair:
            resume(workspace, everywhere=True, now=now, progress=progress)
        decision = decide(workspace, now=now)
        write_gold(workspace, decision)
        held = _compare(workspace, progress)
        sound = held.filter("sound").select("chunk_id", "document_id", "row_hash", "vector_digest")
        missing = decision.wanted.join(held, on="chunk_id", how="anti").height
        zombies = held.join(decision.wanted, on="chunk_id", how="anti").height
        altered = held.filter(~pl.col("sound")).join(decision.wanted, on="chunk_id", how="semi").height
        embedded = 0
        if repair and (missing or zombies or altered):
            _remember(workspace, held, sound, run.run_id)
            embedded = synchronise(workspace, run.run_id, now=now, progress=progress).applied.embedded
        run.counts = Reconciled(held.height, missing, zombies, altered, repair, embedded, run.run_id)
    if missing or zombies or altered:
        workspace.notifier.notify("index.differs", missing=missing, zombies=zombies, altered=altered, repaired=repair)
    return run.counts


def _compare(workspace: Workspace, progress: Progress) -> pl.DataFrame:
    """chunk_id, document_id, row_hash, vector_digest of every row of the store; `sound`: it says what gold says, by the vector written."""
    gold = workspace.lake.rows.read().drop("bucket")
    written = workspace.present.frame().select("chunk_id", written="vector_digest")
    compared, rows = [], 0
    for batch in workspace.index.read(vectors=True):
        told = batch.with_columns(vector_digest=pl.Series(digests(batch["vector"]), dtype=pl.String)).drop("vector")
        same = told.join(gold, on=gold.columns, how="semi", nulls_equal=True).select("chunk_id", sound=pl.lit(True))
        judged = told.join(same, on="chunk_id", how="left").join(written, on="chunk_id", how="left")
        compared.append(
            judged.select(
                "chunk_id",
                "document_id",
                "row_hash",
                "vector_digest",
                sound=pl.col("sound").fill_null(False) & (pl.col("written").fill_null(pl.col("vector_digest")) == pl.col("vector_digest")),
            )
        )
        rows += batch.height
        progress.advance("read back", rows, max(rows, gold.height))
    return pl.concat(compared) if compared else _NOTHING


_NOTHING = pl.DataFrame(
    schema={"chunk_id": pl.String, "document_id": pl.String, "row_hash": pl.String, "vector_digest": pl.String, "sound": pl.Boolean}
)


def _remember(workspace: Workspace, held: pl.DataFrame, sound: pl.DataFrame, run_id: str) -> None:
    """PRESENT is what was read back; an unsound row counts as one that says something else, so it is written again."""
    unsound = held.filter(~pl.col("sound")).with_columns(row_hash=pl.lit("0" * 64)).select(sound.columns)
    workspace.present.replace(pl.concat([sound, unsound]), workspace.index.collection(), run_id)
