"""Workspaces of the sample corpus for these notebooks, each with settings of its own, made anew where it is asked for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import yaml

from flows.consent import import_words
from ragkeep.notebook import Notebook, open_notebook

SAMPLES = Path(__file__).parent.parent / "samples"
GOLDEN = SAMPLES / "golden.yaml"


@contextmanager
def sample_workspace(folder: Path, /, **changes: dict) -> Iterator[Notebook]:
    """A new workspace in `folder`, filled with the samples and their consents by the samples' settings, each section changed as given."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = yaml.safe_load((SAMPLES / "ragkeep.yaml").read_text(encoding="utf-8"))
    settings["sources"]["cooperative"]["path"] = str(SAMPLES / "documents")
    for section, values in changes.items():
        settings[section] = settings.get(section, {}) | values
    (folder / "ragkeep.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    with open_notebook(folder) as notebook:
        import_words(notebook.workspace, SAMPLES / "consents.csv", now=datetime.now(UTC))
        notebook.ingest()
        yield notebook
