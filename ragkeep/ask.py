"""A question to a workspace, asked by a reader of its settings; for the command line and for notebooks."""

from datetime import datetime

from flows.workspace import Workspace
from retrieval.readers import find_reader
from retrieval.search import Answer, Corpus, Question, search
from retrieval.standing import LedgerStanding


def ask(
    workspace: Workspace, question: str, /, *, reader: str | None = None, purpose: str = "retrieval", limit: int = 5, now: datetime
) -> Answer:
    """What the reader may see of the best hits, or the reason why there are none; access, consent and expiry as of `now`."""
    corpus = Corpus(
        store=workspace.index,
        embedder=workspace.model.embedder,
        terms=workspace.access.all(),
        standing=LedgerStanding(workspace.suppressions, workspace.consent),
    )
    asking = find_reader(reader, workspace.settings.readers)
    return search(Question(question, purpose=purpose, limit=limit), asking, corpus, now=now)
