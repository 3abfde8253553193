"""The models of a workspace, as a person wants to read of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.model import ModelSettings
from contracts.errors import SettingsError
from contracts.evaluation import Evaluation
from contracts.ports import ModelIdentity
from embeddings.calibration import Calibration, read_calibration
from embeddings.card import licence_of
from embeddings.locate import locate, source_of
from evaluation.summary import means
from flows.model import LocalModel
from flows.standing import by_what_answers
from flows.workspace import Workspace
from ledger.refusals import Refusal
from ledger.served import Served


@dataclass(frozen=True, slots=True)
class Measurement:
    """The last evaluation of a model on a suite, and the means of its measures."""

    suite: str
    search: str
    run_id: str
    at: datetime
    questions: int
    means: dict[str, float]


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model: whether it answers, what its vectors are, where it comes from, how it was measured, and why it was refused."""

    name: str
    fingerprint: str
    serves: str
    identity: ModelIdentity
    source: str
    """The package, the folder or the hub's id and revision that it is read from; "" where it is not on this machine."""
    licence: str
    """As whoever published it states it; "" where the model is not on this machine."""
    calibration: Calibration | None
    """Of an int8 model: how near it came to float32."""
    measured: tuple[Measurement, ...]
    refused: tuple[Refusal, ...]
    """Newest first; one that does not hold any more stays known."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Which model answers, and which one the settings name, each by its name and the beginning of its fingerprint."""

    answers: str
    """"" before the first ingest."""
    stated: str
    refused_at: datetime | None = None
    refused: str = ""
    """Why the stated one does not answer; "" where it does, or where the next ingest is to judge it."""


def read_models(workspace: Workspace, /) -> list[KnownModel]:
    """Every model that ever answered here, or was built and refused."""
    return [_known(workspace, served) for served in workspace.served.all()]


def read_answering(workspace: Workspace, /) -> Answering:
    """By the ledger: the store is not asked."""
    answering = workspace.served.get(workspace.served.answering() or "")
    standing = by_what_answers(workspace)
    answers = _named(answering) if answering else ""
    if standing.refusal is None:
        return Answering(answers, f"{workspace.model.name} ({workspace.model.fingerprint[:12]})")
    refused = workspace.served.get(standing.refusal.model)
    return Answering(answers, _named(refused) if refused else "", standing.refusal.at, standing.refusal.reason)


def _named(served: Served) -> str:
    return f"{served.settings['name']} ({served.fingerprint[:12]})"


def _known(workspace: Workspace, served: Served) -> KnownModel:
    how = ModelSettings(**served.settings)
    source, licence = _published(workspace, how)
    return KnownModel(
        name=how.name,
        fingerprint=served.fingerprint,
        serves=_serves(workspace, served),
        identity=served.identity,
        source=source,
        licence=licence,
        calibration=_calibration(workspace, how),
        measured=tuple(_measured(workspace, served.fingerprint)),
        refused=tuple(refusal for refusal in workspace.refusals.all() if refusal.model == served.fingerprint),
    )


def _serves(workspace: Workspace, served: Served) -> str:
    if served.answered_until is None:
        return f"answers since {served.answers_since:%Y-%m-%d %H:%M}" if served.answers_since else "not yet"
    kept = workspace.served.replaced_at()
    if kept == served.answered_until:
        until = kept + timedelta(hours=workspace.settings.stores.keep_replaced_hours)
        return f"kept until {until:%Y-%m-%d %H:%M}"
    return f"answered until {served.answered_until:%Y-%m-%d %H:%M}"


def _published(workspace: Workspace, how: ModelSettings) -> tuple[str, str]:
    """Source and licence."""
    base = workspace.registry.base
    try:
        return source_of(how.name, relative_to=base), licence_of(how.name, locate(how.name, relative_to=base))
    except SettingsError:
        return "", ""


def _calibration(workspace: Workspace, how: ModelSettings) -> Calibration | None:
    model = workspace.open_model(how) if how.dtype == "int8" else None
    if not isinstance(model, LocalModel):
        return None
    try:
        return read_calibration(model.exports / "int8")
    except SettingsError:
        return None


def _measured(workspace: Workspace, fingerprint: str) -> Iterator[Measurement]:
    latest: dict[tuple[str, str], Evaluation] = {}
    for one in reversed(workspace.evaluations.recent()):
        if one.measured.model_identity == fingerprint:
            latest[one.measured.suite, one.measured.search] = one
    for (suite, search), one in latest.items():
        rounded = {name: round(mean, 6) for name, mean in means(one.questions).items()}
        yield Measurement(suite, search, one.run_id, one.at, len(one.questions), rounded)
