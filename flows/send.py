"""What the audit says of texts and questions that go to another machine to be embedded, said before they go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.errors import ContractError
from contracts.ports import Embedder, ModelIdentity, Vectors
from flows.model import Model
from flows.workspace import Workspace
from ledger.database import batches
from ledger.events import Event

_DOCUMENTS_AT_ONCE = 1_000


def note_texts(workspace: Workspace, model: Model, documents: Collection[str], texts: int, /, *, now: datetime) -> None:
    """Texts of these documents go to the model, wherever it is. Nothing to say where that is this machine."""
    if model.recipient:
        workspace.audit.append(
            Event(now, "ragkeep", "texts.sent", tuple(part), purpose=_recipient(model), counts={"texts": texts, "documents": len(part)})
            for part in batches(sorted(set(documents)), _DOCUMENTS_AT_ONCE)
        )


def may_be_sent(workspace: Workspace, model: Model, /) -> pl.Expr:
    """Which rows (classification) the model may be given."""
    allowed = workspace.settings.policies.may_leave or ()
    return pl.col("classification").is_in([str(each) for each in allowed]) if model.recipient else pl.lit(True)


def check_may_be_sent(workspace: Workspace, rows: pl.DataFrame, /) -> None:
    """Admission let these rows (classification) in, so all may be sent. ContractError if not, before anything is."""
    if workspace.model.recipient and not rows.select(may_be_sent(workspace, workspace.model).all()).item():
        raise ContractError(
            "lake/gold/rows: it holds texts that policies.may_leave does not allow to be sent to another machine. Mend it with: "
            "ragkeep reconcile"
        )


@dataclass(frozen=True, slots=True)
class AuditedEmbedder:
    """`contracts.ports.Embedder` that has each question in the audit before it goes to another machine. No text of it is kept."""

    workspace: Workspace
    model: Model
    actor: str
    now: datetime

    @property
    def identity(self) -> ModelIdentity:
        return self.model.identity

    def embed_documents(self, texts: Sequence[str], /) -> Vectors:
        """As the model; what it is given is for the caller to say."""
        return self.model.embedder.embed_documents(texts)

    def embed_query(self, text: str, /) -> npt.NDArray[np.float32]:
        """The model's vector of a question, whose sending is on record."""
        self.workspace.audit.record(Event(self.now, self.actor, "question.sent", purpose=_recipient(self.model), counts={"questions": 1}))
        return self.model.embedder.embed_query(text)


def asked_by(workspace: Workspace, model: Model, actor: str, /, *, now: datetime) -> Embedder:
    """The model's embedder, for the questions of `actor`."""
    return AuditedEmbedder(workspace, model, actor, now) if model.recipient else model.embedder


def _recipient(model: Model) -> str:
    return f"embedding at {model.recipient}"
