"""What a new index has to pass before it answers: the team's golden questions, by the gates of the settings."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from configs.settings import GateSettings
from contracts.evaluation import Evaluation
from contracts.ports import Progress
from evaluation.gate import Verdict, passes
from evaluation.golden import read_golden
from flows.workspace import Index, Workspace
from ragkeep.evaluate import evaluate_golden


@dataclass
class GoldenGate:
    """A flows.beside.Gate: questions of a file asked of what answers and of what was built; both evaluations are stored."""

    workspace: Workspace
    file: Path
    now: datetime
    progress: Progress
    verdicts: tuple[Verdict, ...] = ()

    def __call__(self, beside: Index, /) -> bool:
        built = replace(self.workspace, open_index=lambda _: beside)
        old, new = (self._evaluate(workspace) for workspace in (self.workspace, built))
        stated = [gate for gate in self.workspace.settings.evaluation.gates if gate.suite == self.file.name]
        self.verdicts = tuple(passes(old, new, gate) for gate in stated or [GateSettings(suite=self.file.name)])
        return all(verdict.passed for verdict in self.verdicts)

    def _evaluate(self, workspace: Workspace) -> Evaluation:
        done = evaluate_golden(workspace, read_golden(self.file), self.file.name, now=self.now, progress=self.progress)
        return workspace.evaluations.add(done.measured, done.questions, done.counts, self.now)
