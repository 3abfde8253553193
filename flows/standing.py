"""Settings that were refused: they wait for a person, and meanwhile what answers goes on as if they had never been stated."""

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from configs.faults import reach
from configs.model import ModelSettings
from configs.settings import ChunkingSettings
from contracts.ids import fingerprint
from flows.serving import know_model
from flows.workspace import Workspace
from ledger.refusals import Refusal


def by_what_answers(workspace: Workspace, /) -> Workspace:
    """This workspace by the model and the chunking of what answers, where its own were refused and nothing changed since; else itself.

    So an unattended run neither builds nor judges again what was refused, and what is new is taken into what answers.
    """
    refusals = workspace.refusals.holding()
    if not refusals:
        return workspace
    key, answering = _key(workspace), workspace.served.get(workspace.served.answering() or "")
    refusal = next((refusal for refusal in refusals if refusal.key == key), None)
    if refusal is None or answering is None:
        return workspace
    chunking = workspace.settings.chunking if answering.chunking is None else ChunkingSettings(**answering.chunking)
    stated = {"model": ModelSettings(**answering.settings), "chunking": chunking}
    settings = workspace.settings.model_copy(update=stated)
    if settings == workspace.settings:
        return workspace
    other = replace(workspace, settings=settings, model=workspace.open_model(settings.model), refusal=refusal)
    workspace.others.append(other)
    return other


def refuse(workspace: Workspace, reason: str, /, *, now: datetime) -> None:
    """The settings of this workspace are not tried again by themselves until they, their gates or what these rest on change."""
    answers = workspace.index.made_for()
    know_model(workspace, now=now)
    if answers and workspace.served.answering() != answers:  # a run that was killed as another was about to take over
        workspace.served.begin(answers, now)
    workspace.refusals.add(Refusal(_key(workspace), workspace.model.fingerprint, now, reason))
    reach("standing.refused")
    workspace.notifier.notify("promotion.refused", model=workspace.model.name, reason=reason)


def _key(workspace: Workspace) -> str:
    settings = workspace.settings
    stated = settings.evaluation
    return fingerprint(
        "refusal",
        model=settings.model.model_dump(mode="json"),
        chunking=settings.chunking.model_dump(mode="json"),
        evaluation=stated.model_dump(mode="json"),
        questions=[_digest(workspace.registry.base / file) for file in stated.questions],
        measured=[workspace.evaluations.last_of(gate.suite) for gate in stated.gates if gate.suite not in _names(stated.questions)],
    )


def _names(files: tuple[Path, ...]) -> set[str]:
    return {file.name for file in files}


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
