"""Texts and questions that go to another machine to be embedded: which may, and what the audit says of them before they go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from contracts.errors import ContractError
from contracts.ports import Embedder, ModelIdentity, Vectors
from flows.model import Model
from flows.workspace import Workspace
from governance.terms import effective_terms
from governance.transfer import Transfer, may_be_sent, transfer_to
from ledger.events import Event

_DOCUMENTS_AT_ONCE = 1_000


def transfer_of(workspace: Workspace, model: Model, /) -> Transfer | None:
    """Where texts for the model go and which may, None where they stay on this machine."""
    return transfer_to(model.recipient.located_in, workspace.settings.policies) if model.recipient else None


def may_be_given(workspace: Workspace, model: Model, /) -> pl.Expr:
    """Which rows (document_id) the model may be given, by the terms that the documents have now."""
    transfer = transfer_of(workspace, model)
    return pl.col("document_id").is_in(_sendable(workspace, transfer)["document_id"].implode()) if transfer else pl.lit(True)


def permit_texts(workspace: Workspace, model: Model, documents: set[str], texts: int, /, *, now: datetime) -> None:
    """Policy lets texts of these documents go to the model, wherever it is, and the audit says that they go. ContractError if it does not.

    Admission let these documents in, so all may be sent; their terms are asked once more, whatever gold holds.
    """
    transfer = transfer_of(workspace, model)
    if not transfer:
        return
    going = _sendable(workspace, transfer, documents)
    if going.height < len(documents):
        raise ContractError(
            f"lake/gold/rows: it holds texts of {len(documents) - going.height} documents that may not be sent to another machine by "
            "policies.may_leave and policies.may_go_to. Mend it with: ragkeep reconcile"
        )
    purpose = _recipient(model)
    workspace.audit.append(
        Event(now, "ragkeep", "texts.sent", tuple(part["document_id"]), purpose=purpose, counts={"texts": texts, **_counted(part)})
        for part in going.sort("document_id").iter_slices(_DOCUMENTS_AT_ONCE)
    )


def _sendable(workspace: Workspace, transfer: Transfer, documents: set[str] | None = None) -> pl.DataFrame:
    """document_id and jurisdiction of those of the documents, or of all, that may be sent."""
    manifest = workspace.lake.manifest.read(documents)
    terms = effective_terms(manifest, workspace.registry.terms(), workspace.identity)
    return terms.filter(may_be_sent(transfer)).select("document_id", "jurisdiction")


def _counted(going: pl.DataFrame) -> dict[str, int]:
    """How many documents there are, and how many of each jurisdiction."""
    counts = {f"documents.{name.lower()}": count for name, count in going["jurisdiction"].value_counts().iter_rows()}
    return {"documents": going.height, **counts}


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
