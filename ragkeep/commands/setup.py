"""The command that makes a workspace."""

from pathlib import Path
from typing import Annotated

import typer

from configs.load import FILE_NAME
from contracts.errors import UsageError
from ragkeep.printing import print_json
from ragkeep.session import Session


def init(
    context: typer.Context,
    source: Annotated[list[str] | None, typer.Option(help="A source as NAME=FOLDER; may be repeated.")] = None,
    language: Annotated[
        str, typer.Option(metavar="CODE", help="What most documents are written in, such as vi; decides which model is named.")
    ] = "en",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a commented ragkeep.yaml and make the workspace with its key."""
    session: Session = context.obj
    from configs.languages import model_for
    from configs.model import ModelSettings
    from configs.template import render_template
    from configs.write import write_settings

    file = (session.chosen or Path.cwd()) / FILE_NAME
    if file.exists():
        raise UsageError(f"{file}: exists already; edit it, or remove it first.")
    text, model = render_template(dict(_named(entry) for entry in source or [])), model_for(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    chosen = model != ModelSettings().name
    if chosen:
        write_settings(file, [f"model.name={model}"])
    with session.open("init", create=True) as workspace:
        made = {"settings": str(file), "workspace": str(workspace.root), "key": str(workspace.key_file)}
    if json:
        print_json(made)
        return
    for name, path in made.items():
        typer.echo(f"{name:<10} {path}")
    if chosen:
        typer.echo(f"{'model':<10} {model}, since the default one reads English. Fetch it once: HF_HUB_OFFLINE=0 hf download {model}")
    typer.echo(f"Keep a copy of the key elsewhere: without it nothing can be read.\nName your sources in {FILE_NAME}, then: ragkeep ingest")


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(init)


def _named(entry: str) -> tuple[str, str]:
    name, separator, folder = entry.partition("=")
    if not (name and separator and folder):
        raise UsageError(f"--source {entry}: expected NAME=FOLDER, as in handbook=./documents")
    return name, folder
