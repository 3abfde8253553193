"""ragkeep in a notebook: a workspace whose answers are Polars frames.

from ragkeep.notebook import open_notebook

with open_notebook(".ragkeep") as notebook:
    notebook.ingest("documents")
    notebook.search("How long is parental leave?", reader="alice")
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from configs.offline import go_offline
from contracts.evaluation import Evaluation
from contracts.results import Ingested
from evaluation.golden import read_golden
from evaluation.summary import by_slice, summarise
from flows.ask import ask
from flows.evaluate import evaluate_golden
from flows.ingest import ingest
from flows.record import OPERATOR
from flows.registry import choose
from flows.workspace import Workspace
from lake.tables import LakeTable
from ledger.events import Event
from ragkeep.printing import progress_bar
from ragkeep.session import Session
from retrieval.search import Hit


@dataclass(frozen=True, slots=True)
class Notebook:
    """An open workspace. `workspace` is all of it; the methods are what notebooks mostly want."""

    workspace: Workspace

    def ingest(self, target: str | None = None, /) -> Ingested:
        """Bring the index up to date with a folder, a source, or every source."""
        with progress_bar(enabled=True) as progress:
            return ingest(self.workspace, choose(self.workspace.registry, target), now=datetime.now(UTC), progress=progress)

    def search(self, question: str, /, *, reader: str | None = None, purpose: str = "retrieval", limit: int = 5) -> pl.DataFrame:
        """One row a hit, best first, with the columns of `retrieval.search.Hit`; no rows where the reader may see nothing."""
        answer = ask(self.workspace, question, reader=reader, purpose=purpose, limit=limit, now=datetime.now(UTC))
        rows = [asdict(hit) for hit in answer.hits]
        return pl.DataFrame(rows) if rows else pl.DataFrame(schema={field.name: pl.String for field in fields(Hit)})

    def evaluate(self, questions: str | Path, /, *, hybrid: bool = True) -> Evaluation:
        """The golden questions of a file asked of this workspace; stored as by `ragkeep evaluate`. Its `scores` are a frame."""
        file, now = Path(questions), datetime.now(UTC)
        with progress_bar(enabled=True) as progress:
            done = evaluate_golden(self.workspace, read_golden(file), file.name, hybrid=hybrid, now=now, progress=progress)
        return self.workspace.evaluations.add(done.measured, done.questions, done.counts, now)

    def documents(self) -> pl.DataFrame:
        """The bronze manifest: one row a document."""
        return self._read(self.workspace.lake.manifest)

    def chunks(self) -> pl.DataFrame:
        """Silver: every chunk of every document, admitted or not."""
        return self._read(self.workspace.lake.chunks)

    def rows(self) -> pl.DataFrame:
        """Gold: what the index holds, all but the vectors."""
        return self._read(self.workspace.lake.rows)

    def _read(self, table: LakeTable) -> pl.DataFrame:
        rows = table.read()
        action = f"read.{table.name.rpartition('/')[2]}"
        self.workspace.audit.record(Event(datetime.now(UTC), OPERATOR, action, counts={"rows": rows.height}))
        return rows


def scores(evaluation: Evaluation, /, *, slicing: str | None = None) -> pl.DataFrame:
    """One row a measure, or a measure and a slice: its mean over the questions with the 95 % interval from `low` to `high`."""
    slices = by_slice(evaluation.questions, slicing) if slicing else {"": evaluation.questions}
    rows = [
        {"slice": name, "measure": measure, **asdict(estimate)}
        for name, questions in slices.items()
        for measure, estimate in summarise(questions).items()
    ]
    return pl.DataFrame(rows)


@contextmanager
def open_notebook(folder: str | Path | None = None, /) -> Iterator[Notebook]:
    """The workspace in `folder` (default as on the command line), made if it is not there, held until the block ends."""
    go_offline()
    session = Session(chosen=Path(folder) if folder else None, debug=False, now=datetime.now(UTC))
    with session.open("notebook", create=True) as workspace:
        yield Notebook(workspace)
