"""The command line called in this process, so that the model is loaded once, and a small workspace to call it on."""

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ragkeep.cli import main

SETTINGS = """\
sources:
  handbook:
    path: handbook
    terms: {lawful_basis: not_personal, purposes: [retrieval], classification: public}
  staff:
    path: staff
    terms: {lawful_basis: consent, purposes: [retrieval], classification: internal, groups: [hr]}
readers:
  alice: {groups: [hr], clearance: internal}
  guest: {}
"""
BRIDGE = (
    "# The bridge\n\nThe iron bridge at the old mill was closed for repairs in April 2031, since two of its girders had rusted through.\n\n"
    "## Who may cross\n\nUntil the repairs end, only walkers and cyclists may cross, one at a time, and nobody may stop in the middle.\n"
)
FERRY = "The ferry to the island leaves every forty minutes from the northern pier, and takes bicycles free of charge on weekdays."
MAI = "Mai Lindqvist asked to work from the branch office on Tuesdays because she looks after her father, and her manager agreed."
ORLA = "Orla Desmond finished the course on lifting gear with distinction and may now train the apprentices in the workshop."


@dataclass(frozen=True)
class Outcome:
    """What a call of the command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(*arguments: object) -> Outcome:
    """Run `ragkeep ARGUMENTS`, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["ragkeep", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return Outcome(int(ended.value.code or 0), out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Site:
    """A workspace with its settings and the folders of its sources."""

    home: Path

    def run(self, *arguments: object) -> Outcome:
        return call("--workspace", self.home, *arguments)

    def search(self, question: str, *options: str) -> list[dict[str, Any]]:
        hits: list[dict[str, Any]] = self.run("search", question, "--json", *options).json
        return hits

    def files(self) -> dict[str, bytes]:
        """Every file of the workspace and beside it, but the lock and the logs."""
        paths = [
            path for path in self.home.parent.rglob("*") if path.is_file() and path.name.upper() != "LOCK" and "logs" not in path.parts
        ]
        return {str(path.relative_to(self.home.parent)): path.read_bytes() for path in paths}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
