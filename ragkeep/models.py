"""The models of a workspace, as a person wants to read of them."""

from dataclasses import dataclass
from datetime import timedelta

from configs.model import ModelSettings
from contracts.errors import SettingsError
from contracts.ports import ModelIdentity
from embeddings.card import licence_of
from embeddings.locate import locate
from evaluation.summary import means
from flows.workspace import Workspace
from ledger.served import Served

_MEASURES = ("ndcg@10", "recall@10")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model: whether it answers, what its vectors are, and how it was measured last on each suite."""

    name: str
    fingerprint: str
    serves: str
    identity: ModelIdentity
    licence: str
    """As whoever published it states it; "" where the model is not on this machine."""
    measured: tuple[str, ...]


def read_models(workspace: Workspace, /) -> list[KnownModel]:
    """Every model that ever answered here."""
    return [_known(workspace, served) for served in workspace.served.all()]


def _known(workspace: Workspace, served: Served) -> KnownModel:
    how = ModelSettings(**served.settings)
    licence, measured = _licence(workspace, how), _measured(workspace, served.fingerprint)
    return KnownModel(how.name, served.fingerprint, _serves(workspace, served), served.identity, licence, measured)


def _serves(workspace: Workspace, served: Served) -> str:
    if served.answered_until is None:
        return f"answers since {served.answers_since:%Y-%m-%d %H:%M}" if served.answers_since else "not yet"
    kept = workspace.served.replaced_at()
    if kept == served.answered_until:
        until = kept + timedelta(hours=workspace.settings.stores.keep_replaced_hours)
        return f"kept until {until:%Y-%m-%d %H:%M}"
    return f"answered until {served.answered_until:%Y-%m-%d %H:%M}"


def _licence(workspace: Workspace, how: ModelSettings) -> str:
    try:
        return licence_of(how.name, locate(how.name, relative_to=workspace.registry.base))
    except SettingsError:
        return ""


def _measured(workspace: Workspace, fingerprint: str) -> tuple[str, ...]:
    latest = {}
    for one in reversed(workspace.evaluations.recent()):
        if one.measured.model_identity == fingerprint:
            latest[one.measured.suite] = means(one.questions)
    return tuple(
        f"{suite}: {', '.join(f'{name} {found[name]:.3f}' for name in _MEASURES if name in found)}" for suite, found in latest.items()
    )
