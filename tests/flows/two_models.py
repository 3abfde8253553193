"""A workspace on Milvus Lite that two models take turns at, and one of them blinded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from flow_rig import NOW, PARAGRAPHS, SILENCE, opened, settings_of, twin_model

from configs.settings import Settings
from flows.ask import ask
from flows.ingest import ingest_from
from flows.model import MemoryModel
from flows.workspace import Workspace
from sources.memory import MemorySource

TEXTS = [
    PARAGRAPHS[0],
    *(" ".join(f"{stem}{letter}" for stem in ("bra", "ku", "lemo", "ti", "sor", "vane")) for letter in "bcdfghjklmnpqrstvwxz"),
]
"""None is like another, and more of them than a question finds."""
FILES = {f"{number}.txt": text.encode() for number, text in enumerate(TEXTS)}
ENDING = {"0.txt": {"expires_at": "2026-01-02T00:00:00Z"}}
SIZES = {"small": 16, "large": 48}
QUESTION = "days of paid leave"


def settings_for(model: str, sections: dict[str, dict] | None = None, **stores: object) -> Settings:
    readers = {"anyone": {"groups": [], "clearance": "restricted", "purposes": ["retrieval"]}}
    return settings_of(model={"name": model}, stores={"buckets": 2, **stores}, readers=readers, **(sections or {}))


@contextmanager
def at(root: Path, model: str, *, now: datetime = NOW, sections: dict[str, dict] | None = None, **stores: object) -> Iterator[Workspace]:
    """The workspace on Milvus Lite with the settings naming a model; either can be opened again by its settings."""
    twins = {name: twin_model(size) for name, size in SIZES.items()}
    with opened(root, settings_for(model, sections, **stores), now=now, model=twins[model]) as twin:
        workspace = replace(twin, open_model=lambda how: twins[how.name])
        try:
            yield workspace
        finally:
            workspace.close()


def filled(root: Path) -> None:
    with at(root, "small") as workspace:
        ingest(workspace)


def ingest(workspace: Workspace, files: dict[str, bytes] = FILES, *, now: datetime = NOW):
    return ingest_from(workspace, [MemorySource("open", files)], retry_quarantined=False, now=now, progress=SILENCE)


def uris(workspace: Workspace) -> list[str]:
    answer = ask(workspace, QUESTION, reader="anyone", limit=3, now=NOW)
    return [hit.uri for hit in answer.hits]


class Blind(MemoryModel):
    """Takes every question for the same one."""

    def __init__(self, model: MemoryModel) -> None:
        super().__init__(model.tokenizer, model.tokenizer_identity, model.inner)
        self.asked = 0

    def embed_query(self, text: str, /):
        self.asked += 1
        return -super().embed_query(f"nothing of {text[:0]}")
