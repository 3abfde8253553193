"""What to ask about next: what golden questions leave out, and what nobody ever found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from evaluation.golden import Golden
from evaluation.uncovered import never_found, uncovered
from flows.evaluate import expected
from flows.record import OPERATOR, audit
from flows.workspace import Workspace
from ledger.audit import Choice


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A document that no golden question expects."""

    document_id: str
    source_id: str
    uri: str
    chunks: int


@dataclass(frozen=True, slots=True)
class NeverFound:
    """A passage that no search has returned."""

    chunk_id: str
    document_id: str
    uri: str
    heading_path: str


@dataclass(frozen=True, slots=True)
class Suggested:
    """Counts of both, and the first of each."""

    uncovered: int
    never_found: int
    documents: tuple[LeftOut, ...]
    passages: tuple[NeverFound, ...]


def suggest(workspace: Workspace, golden: Sequence[Golden], /, *, limit: int, now: datetime) -> Suggested:
    """Documents in the index that no question expects, and passages that no search returned, by the audit; evaluations do not count."""
    rows = workspace.lake.rows.read(columns=["chunk_id", "document_id", "source_id", "uri", "heading_path", "char_start"])
    asked, _ = expected(workspace, golden)
    documents = uncovered(rows, {name for one in asked for name in one.grades})
    shown = {name for recorded in workspace.audit.events(Choice(action="search")) for name in recorded.event.objects}
    passages = never_found(rows, shown)
    first, unseen = documents.head(limit), passages.head(limit)
    audit(workspace, "questions.suggest", {*first["document_id"], *unseen["document_id"]}, now=now, actor=OPERATOR)
    return Suggested(
        documents.height,
        passages.height,
        tuple(LeftOut(**row) for row in first.iter_rows(named=True)),
        tuple(NeverFound(**row) for row in unseen.iter_rows(named=True)),
    )
