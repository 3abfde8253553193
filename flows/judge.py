"""Whether what was built beside may answer: by a sample of questions, by the team's golden questions, and by suites that were measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from configs.settings import GateSettings
from contracts.errors import SettingsError, UsageError
from contracts.evaluation import Evaluation
from contracts.ports import Progress
from evaluation.gate import Verdict, passes
from evaluation.golden import Golden, read_golden
from flows.compare import NOTHING, Compared, compare
from flows.evaluate import Search, evaluate_golden, measured_settings
from flows.serving import serving
from flows.workspace import Index, Workspace

Gate = Callable[[Index], bool]
"""Whether what was built beside may take the place of what answers."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What has to be cleared."""

    sample: int = 100
    """Beginnings of passages that both are asked for."""
    tolerance: float = 0.02
    """Share of the sample that may be worse off."""
    questions: tuple[Path, ...] = ()
    """Files of golden questions that both are asked."""
    gates: Sequence[Gate] = ()
    """Asked last, and only about what cleared the rest."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was seen, and why what was built may not answer, "" where it may."""

    compared: Compared = NOTHING
    verdicts: tuple[Verdict, ...] = ()
    refused: str = ""


NOT_JUDGED = Judged()
"""Nothing was built beside, so nothing was seen."""


def usual_bar(workspace: Workspace, /) -> Bar:
    """As the settings under `evaluation` have it."""
    stated = workspace.settings.evaluation
    return Bar(stated.sample, stated.sample_tolerance, tuple(workspace.registry.base / file for file in stated.questions))


def judge(workspace: Workspace, beside: Index, bar: Bar, /, *, now: datetime, progress: Progress) -> Judged:
    """What was built against what answers. Where that can be asked nothing, nothing is compared, and only the bar's own gates can refuse.

    A gate of the settings whose questions are not in a file of the bar's is judged by what was measured of both models before.
    """
    compared: Compared = NOTHING
    verdicts: tuple[Verdict, ...] = ()
    if _can_be_asked(workspace):
        compared = compare(workspace, beside, bar.sample, now=now)
        asked = [verdict for file in bar.questions for verdict in _ask_golden(workspace, beside, file, now, progress)]
        named = {file.name for file in bar.questions}
        gates = [gate for gate in workspace.settings.evaluation.gates if gate.suite not in named]
        verdicts = (*asked, *_look_up(workspace, gates))
    problems = [*_too_many_lost(compared, bar), *(f"{one.suite}: {one.reason}" for one in verdicts if not one.passed)]
    if not problems and not all(gate(beside) for gate in bar.gates):
        problems = ["a gate refused it"]
    return Judged(compared, verdicts, "; ".join(problems))


def _can_be_asked(workspace: Workspace) -> bool:
    """Whether the model that answers is on this machine, with the weights that the index was made with."""
    made_for = workspace.index.made_for()
    try:
        return bool(made_for) and serving(workspace).fingerprint == made_for
    except SettingsError:
        return False


def _too_many_lost(compared: Compared, bar: Bar) -> list[str]:
    fell = compared.found_before - compared.found_after
    if fell <= bar.tolerance:
        return []
    return [f"{fell:.1%} fewer questions of the sample find their document, more than the {bar.tolerance:.1%} allowed"]


def _ask_golden(workspace: Workspace, beside: Index, file: Path, now: datetime, progress: Progress) -> list[Verdict]:
    """Both are asked the questions of a file, and both evaluations are stored."""
    stated = [gate for gate in workspace.settings.evaluation.gates if gate.suite == file.name] or [GateSettings(suite=file.name)]
    built = replace(workspace, open_index=lambda _: beside)
    try:
        questions = read_golden(file)
        old, new = (_evaluate(each, questions, file.name, now, progress) for each in (workspace, built))
    except UsageError:  # its text may quote a question
        why = f"its questions could not be asked. Look at why with: ragkeep questions check {file}"
        return [Verdict(gate.metric, gate.suite, False, why) for gate in stated]
    return [passes(old, new, gate) for gate in stated]


def _evaluate(workspace: Workspace, questions: Sequence[Golden], name: str, now: datetime, progress: Progress) -> Evaluation:
    done = evaluate_golden(workspace, questions, name, now=now, progress=progress)
    return workspace.evaluations.add(done.measured, done.questions, done.counts, now)


def _look_up(workspace: Workspace, gates: Sequence[GateSettings]) -> list[Verdict]:
    """By the last evaluations of both models, the new one's by the settings as they are. Of one model's two chunkings nothing is known."""
    answering = workspace.index.made_for()
    return [] if answering == workspace.model.fingerprint else [_by_what_was_measured(workspace, gate, answering) for gate in gates]


def _by_what_was_measured(workspace: Workspace, gate: GateSettings, answering: str) -> Verdict:
    stored = workspace.evaluations.recent(suite=gate.suite)
    new = next((one for one in stored if one.measured.settings == _settings_now(workspace, one.measured.search)), None)
    if new is None:
        how = "ragkeep reindex --questions FILE" if gate.suite.endswith((".yaml", ".yml")) else "ragkeep evaluate --suite DIR"
        why = f"the new model was not measured by these settings. Measure it with: {how}"
        return Verdict(gate.metric, gate.suite, False, why)
    old = next((one for one in stored if (one.measured.model_identity, one.measured.search) == (answering, new.measured.search)), None)
    if old is None:
        why = "the model that answers was not measured. Measure it with: ragkeep evaluate --suite DIR --model NAME"
        return Verdict(gate.metric, gate.suite, False, why)
    return passes(old, new, gate)


def _settings_now(workspace: Workspace, search: str) -> str:
    return measured_settings(workspace, workspace.model, Search(search == "hybrid", workspace.settings.evaluation.depth))
