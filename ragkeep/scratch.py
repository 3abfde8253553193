"""A workspace for the documents of a suite alone, filled by the same pipeline as any other, and thrown away or kept for the next time."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from configs.settings import NotifySettings, ReaderSettings, Settings, SourceSettings
from configs.stores import StoreSettings
from contracts.ports import Progress
from contracts.results import Ingested
from contracts.terms import Classification, LawfulBasis, Terms
from evaluation.suite import Suite
from flows.ingest import ingest
from flows.workspace import Workspace, open_workspace
from ledger.keyfile import create_key_file

READER = "evaluation"
"""Sees everything in a scratch workspace."""
_SOURCE = "suite"
_BUCKETS = 2


@dataclass(frozen=True, slots=True)
class Where:
    """The folder that relative paths of the settings start from, and the folder in which scratch workspaces are kept; None: nowhere."""

    base: Path
    keep: Path | None = None


@dataclass(frozen=True, slots=True)
class Scratch:
    """An open workspace that holds a suite's documents, and what the last run did to fill it."""

    workspace: Workspace
    ingested: Ingested


@contextmanager
def scratch(suite: Suite, settings: Settings, where: Where, /, *, now: datetime, progress: Progress) -> Iterator[Scratch]:
    """The documents of a suite in a workspace by these settings, with a key of its own, outside every other.

    One that is kept is found again by the documents' content: other settings then do again only what they change.
    """
    with _folder(suite, where.keep) as folder:
        documents = _write_documents(suite, folder)
        root = folder / "workspace"
        if not (root / "keys.sqlite").exists() and not root.with_name("workspace.key").exists():
            create_key_file(root.with_name("workspace.key"))
        with open_workspace(
            root, scratch_settings(settings, documents), base=where.base.absolute(), command="evaluate", now=now
        ) as workspace:
            yield Scratch(workspace, ingest(workspace, [_SOURCE], now=now, progress=progress))


def scratch_settings(settings: Settings, documents: Path, /) -> Settings:
    """The settings, but for where documents come from, where things are kept, who may read and who is told."""
    terms = Terms(lawful_basis=LawfulBasis.NOT_PERSONAL, classification=Classification.PUBLIC, purposes=settings.policies.purposes)
    return settings.model_copy(
        update={
            "sources": {_SOURCE: SourceSettings(path=documents, terms=terms)},
            "stores": StoreSettings(buckets=_BUCKETS),
            "readers": {READER: ReaderSettings(clearance=Classification.RESTRICTED, purposes=settings.policies.purposes)},
            "notify": NotifySettings(),
        }
    )


@contextmanager
def _folder(suite: Suite, keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="ragkeep-evaluate-", ignore_cleanup_errors=True) as temporary:
            yield Path(temporary)
        return
    folder = keep.absolute() / f"{suite.name}-{suite.corpus_digest[:16]}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield folder


def _write_documents(suite: Suite, folder: Path) -> Path:
    """The documents as files, all of them: the folder has its name only once it is whole."""
    documents, unfinished = folder / "documents", folder / "documents.new"
    if documents.exists():
        return documents
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for document in suite.documents:
        (unfinished / document.file).write_bytes(document.content.encode())
    return unfinished.rename(documents)
