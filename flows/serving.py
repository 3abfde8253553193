"""The model whose vectors answer at this moment: the settings' own, or during a change of model the one before."""

from datetime import datetime

from configs.model import ModelSettings
from contracts.errors import SettingsError
from flows.model import Model
from flows.workspace import Workspace


def serving(workspace: Workspace, /) -> Model:
    """A question must be embedded by this one. Raises SettingsError where nobody knows the model, or where it is not on this machine."""
    made_for = workspace.index.made_for()
    if made_for in ("", workspace.model.fingerprint):
        return workspace.model
    if made_for not in workspace.other_models:
        known = workspace.served.get(made_for)
        if known is None:
            raise SettingsError(
                "model.name: the index was made with another model or version than the settings name, and this ledger does not know it. "
                "Build it anew with: ragkeep reindex"
            )
        workspace.other_models[made_for] = workspace.open_model(ModelSettings(**known.settings))
    return workspace.other_models[made_for]


def note_serving(workspace: Workspace, /, *, now: datetime) -> None:
    """The ledger knows that the settings' model answers, which a run that was killed as another took over may have left otherwise.

    So it does by which chunking, and, unless these settings stand in for others that were refused, that nothing is refused any more.
    """
    know_model(workspace, now=now)
    if workspace.served.answering() != workspace.model.fingerprint:
        workspace.served.begin(workspace.model.fingerprint, now)
    workspace.served.cut_by(workspace.model.fingerprint, workspace.settings.chunking.model_dump(mode="json"))
    if workspace.refusal is None:
        workspace.refusals.lift()


def know_model(workspace: Workspace, /, *, now: datetime) -> None:
    """The ledger knows the settings' model, so that questions can be embedded by it after the settings name another."""
    model = workspace.model
    workspace.served.note(model.fingerprint, workspace.settings.model.model_dump(mode="json"), model.identity, now)
