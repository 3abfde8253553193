"""Commands about the embedding model and what computes it: calibrate, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from ragkeep.printing import print_fields, print_json, print_table
from ragkeep.session import Session

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def models(context: typer.Context, json: Json = False) -> None:
    """List the models that the index was made with: which answers, which is kept, and how each was measured."""
    session: Session = context.obj
    from ragkeep.models import read_models

    with session.open("models") as workspace:
        known = read_models(workspace)
    if json:
        print_json(known)
        return
    rows = [
        (one.name, one.fingerprint[:12], one.serves, f"{one.dimensions} × {one.dtype}", one.window, one.licence, "; ".join(one.measured))
        for one in known
    ]
    print_table("models", ("model", "fingerprint", "serves", "vectors", "reads tokens", "licence", "measured"), rows)


def calibrate(
    context: typer.Context,
    texts: Annotated[
        Path | None, typer.Option("--texts", metavar="FILE", exists=True, dir_okay=False, help="Texts to fit it to, one a line.")
    ] = None,
    json: Json = False,
) -> None:
    """Make an int8 model, measure it against float32 on the texts served here, and keep it if it is near enough."""
    session: Session = context.obj
    from flows.calibrate import calibrate as make

    given = [line for line in texts.read_text(encoding="utf-8").splitlines() if line.strip()] if texts else []
    with session.open("calibrate") as workspace:
        made = make(workspace, given, now=session.now)
    if json:
        print_json(made)
    else:
        fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
        print_fields("int8 against float32", fields)
        typer.echo(
            "It serves from the next run on, which embeds everything again, once ragkeep.yaml says model.backend: openvino, dtype: int8."
        )


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (models, calibrate):
        app.command()(command)
