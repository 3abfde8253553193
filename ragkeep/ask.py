"""A question to a workspace, asked by a reader of its settings; for the command line and for notebooks."""

from datetime import datetime
from typing import Literal

from configs.purposes import canonical
from flows.workspace import Workspace
from ledger.events import Event
from retrieval.readers import Reader, find_reader
from retrieval.search import Answer, Corpus, Question, search
from retrieval.standing import LedgerStanding


def ask(
    workspace: Workspace, question: str, /, *, reader: str | None = None, purpose: str = "retrieval", limit: int = 5, now: datetime
) -> Answer:
    """What the reader may see of the best hits, or the reason why there are none; access, consent and expiry as of `now`. Audited."""
    corpus = Corpus(
        store=workspace.index,
        embedder=workspace.model.embedder,
        terms=workspace.access.all(),
        standing=LedgerStanding(workspace.suppressions, workspace.consent),
    )
    asking, purpose = find_reader(reader, workspace.settings.readers), canonical(purpose)
    answer = _UNDECIDED
    try:
        answer = search(Question(question, purpose=purpose, limit=limit), asking, corpus, now=now)
    finally:
        workspace.audit.record(_event(asking, purpose, answer, now))
    return answer


_UNDECIDED = Answer((), None, "search.undecided")


def _event(asking: Reader, purpose: str, answer: Answer, now: datetime) -> Event:
    """Who saw what. A purpose that is not the reader's is whatever somebody typed, and is not kept."""
    seen = tuple(name for hit in answer.hits for name in (hit.chunk_id, hit.document_id))
    stated = purpose if purpose in asking.purposes else "unlisted"
    decision: Literal["allowed", "refused"] = "refused" if answer.rule else "allowed"
    return Event(now, asking.name, "search", seen, stated, decision, answer.rule, {"hits": len(answer.hits)})
