"""One call of the command line: which workspace, what moment, and how to open it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from configs.load import find_settings_file, load_settings, workspace_folder
from configs.override import override
from contracts.errors import UsageError

if TYPE_CHECKING:
    from flows.workspace import Workspace

_SIGNS = ("ledger.sqlite", "keys.sqlite", "lake")
"""A folder with any of these is a workspace, even one that lost the others."""


@dataclass(frozen=True, slots=True)
class Session:
    """The global options."""

    chosen: Path | None
    debug: bool
    now: datetime
    """When the command was given."""
    started: float = field(default_factory=perf_counter)

    def moment(self) -> datetime:
        """`now`, and the time that has passed since: when something is done, not when it was asked for."""
        return self.now + timedelta(seconds=perf_counter() - self.started)

    @property
    def folder(self) -> Path:
        return workspace_folder(self.chosen)

    @contextmanager
    def open(
        self, command: str, /, *, create: bool = False, shared: bool = False, insist: bool = False, changes: Sequence[str] = ()
    ) -> Iterator["Workspace"]:
        """The workspace, locked for this command unless `shared`. Without `create`, one that is not there is an error.

        By its settings, but for a model or a chunking that was refused, unless the command would `insist` on them. `changes` are settings
        for this command alone, as in `chunking.max_tokens=200`.
        """
        from flows.standing import by_what_answers
        from flows.workspace import open_workspace

        folder = self.folder
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder}: is a file, and a workspace is a folder. Choose another with --workspace.")
        if not create and not any((folder / name).exists() for name in _SIGNS):
            raise UsageError(f"{folder}: no workspace here. Make one with: ragkeep ingest PATH, or choose another with --workspace.")
        file = find_settings_file(folder)
        base = file.parent if file else folder.parent
        settings = override(load_settings(file), changes)
        with open_workspace(folder, settings, base=base, command=command, now=self.now, shared=shared) as workspace:
            yield workspace if insist else by_what_answers(workspace)
