"""A question to a workspace, asked by a reader of its settings; for the command line and for notebooks."""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from configs.purposes import canonical
from contracts.errors import ModelMoved
from flows.send import asked_by
from flows.serving import serving
from flows.workspace import Workspace
from ledger.events import Event
from retrieval.readers import Reader, find_reader
from retrieval.search import Answer, Corpus, Question, search
from retrieval.standing import LedgerStanding


def ask(
    workspace: Workspace, question: str, /, *, reader: str | None = None, purpose: str = "retrieval", limit: int = 5, now: datetime
) -> Answer:
    """What the reader may see of the best hits, or the reason why there are none; access, consent and expiry as of `now`. Audited."""
    return put(workspace, Question(question, purpose, limit), reader=reader, now=now)


def put(
    workspace: Workspace,
    question: Question,
    /,
    *,
    reader: str | None = None,
    action: Literal["search", "evaluate"] = "search",
    now: datetime,
) -> Answer:
    """As `ask`, whatever the question states. The audit keeps evaluations apart: what they found, nobody was looking for."""
    asking, question = find_reader(reader, workspace.settings.readers), replace(question, purpose=canonical(question.purpose))
    answer = _UNDECIDED
    try:
        answer = _search(workspace, question, asking, now)
    finally:
        workspace.audit.record(_event(asking, action, question.purpose, answer, now))
    return answer


def _search(workspace: Workspace, question: Question, asking: Reader, now: datetime) -> Answer:
    """Asked by the model that answers; where another took its place in between, again by that one."""
    for attempt in range(_ATTEMPTS):
        model = serving(workspace)
        corpus = Corpus(
            store=workspace.index,
            embedder=asked_by(workspace, model, asking.name, now=now),
            terms=workspace.access.all(),
            standing=LedgerStanding(workspace.suppressions, workspace.consent),
            how=workspace.settings.retrieval,
            model=model.fingerprint,
        )
        try:
            return search(question, asking, corpus, now=now)
        except ModelMoved:
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


_ATTEMPTS = 3
_UNDECIDED = Answer((), None, "search.undecided")


def _event(asking: Reader, action: str, purpose: str, answer: Answer, now: datetime) -> Event:
    """Who saw what. A purpose that is not the reader's is whatever somebody typed, and is not kept."""
    seen = tuple(name for hit in answer.hits for name in (hit.chunk_id, hit.document_id))
    stated = purpose if purpose in asking.purposes else "unlisted"
    decision: Literal["allowed", "refused"] = "refused" if answer.rule else "allowed"
    return Event(now, asking.name, action, seen, stated, decision, answer.rule, {"hits": len(answer.hits)})
