"""What a run cost, and what one would: tokens given to the embedding model, time, and both by the price list."""

from dataclasses import dataclass
from statistics import median

import polars as pl

from configs.settings import CostSettings
from flows.workspace import Workspace

_RUNS = 20
"""The last ones by which the time of the next is estimated."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """An estimate. `seconds` and `price` are None where no run of this workspace has embedded anything yet."""

    tokens: int
    of_unread: int
    """How many of them are of documents that are still to be parsed, by what the documents held so far came to per byte."""
    seconds: float | None
    price: float | None
    currency: str


def price(tokens: int, seconds: float, prices: CostSettings, /) -> float:
    """In `prices.currency`, rounded to a thousandth of its unit."""
    return round(seconds / 3_600 * prices.machine_hour + tokens / 1_000_000 * prices.million_tokens, 3)


def predict(workspace: Workspace, tokens: int, unread_bytes: int, /) -> Predicted:
    """What embedding so many tokens and so many bytes of documents costs, by the experience of this workspace."""
    unread = round(unread_bytes * _tokens_per_byte(workspace))
    rate, prices = _seconds_per_token(workspace), workspace.settings.costs
    seconds = None if rate is None else round((tokens + unread) * rate, 1)
    estimate = None if seconds is None else price(tokens + unread, seconds, prices)
    return Predicted(tokens + unread, unread, seconds, estimate, prices.currency)


def _tokens_per_byte(workspace: Workspace) -> float:
    """Of the documents that have chunks; none counts for nothing, since a scan and a text of equal size have nothing in common."""
    chunks = workspace.lake.chunks.read(columns=["document_id", "tokens"]).group_by("document_id").agg(pl.col("tokens").sum())
    both = workspace.lake.manifest.read(columns=["document_id", "size"]).join(chunks, on="document_id")
    return int(both["tokens"].sum()) / int(both["size"].sum()) if both.height else 0.0


def _seconds_per_token(workspace: Workspace) -> float | None:
    counted = [run.counts for run in workspace.runs.recent(limit=_RUNS, outcome="done") if run.counts.get("tokens")]
    return median(counts["seconds"] / counts["tokens"] for counts in counted) if counted else None
