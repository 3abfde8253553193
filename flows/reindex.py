"""Reindex: the whole index built anew beside the one that answers, compared with it, and put in its place."""

from dataclasses import dataclass
from datetime import datetime

from contracts.ports import Progress
from contracts.results import Applied
from evaluation.gate import Verdict
from flows.compare import Compared
from flows.cost import price
from flows.erase import resume, resume_erasures
from flows.ingest import bring_up_to_date
from flows.judge import Bar, usual_bar
from flows.prepare import pending
from flows.record import recorded
from flows.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What was built, how it compared, and whether it answers now."""

    run_id: str
    collection: str
    model_before: str
    model_after: str
    rows: int
    applied: Applied
    compared: Compared
    verdicts: tuple[Verdict, ...]
    moved: bool
    refused: str
    """Why what was built does not answer; it is kept, and the next reindex goes on with it."""
    tokens: int
    seconds: float
    price: float


def reindex(workspace: Workspace, /, *, bar: Bar | None = None, now: datetime, progress: Progress) -> Reindexed:
    """The index that the settings want is built beside the one that answers, which goes on answering by its own model until the end.

    It takes that one's place at once if its rows are all there and if it clears the bar, the settings' own unless another is given. Else
    all is as it was before. Erasures that arrive meanwhile reach both. Killed at any point, the next reindex goes on where it stopped.
    """
    with recorded(workspace, "reindex", "", now=now) as run:
        resume(workspace, now=now, progress=progress)
        before = workspace.index.made_for()
        done = bring_up_to_date(workspace, run.run_id, pending(workspace), bar=bar or usual_bar(workspace), now=now, progress=progress)
        resume_erasures(done.workspace, now=now, progress=progress)
        workspace.lake.compact()
        applied, judged, seconds = done.applied, done.judged, run.seconds()
        run.counts = Reindexed(
            run_id=run.run_id,
            collection=workspace.index.collection(),
            model_before=before,
            model_after=workspace.index.made_for(),
            rows=done.chunks.wanted,
            applied=applied,
            compared=judged.compared,
            verdicts=judged.verdicts,
            moved=not judged.refused,
            refused=judged.refused,
            tokens=applied.tokens,
            seconds=seconds,
            price=price(applied.tokens, seconds, workspace.settings.costs),
        )
    return run.counts
