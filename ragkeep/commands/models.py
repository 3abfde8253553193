"""Commands about embedding models and what computes them: models, calibrate, doctor."""

from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import RagkeepError, SettingsError, UsageError
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
        (
            one.name,
            one.fingerprint[:12],
            one.serves,
            f"{one.identity.dimensions} × {one.identity.dtype}",
            one.identity.window,
            one.licence,
            "; ".join(one.measured),
        )
        for one in known
    ]
    print_table("models", ("model", "fingerprint", "serves", "vectors", "reads tokens", "licence", "measured"), rows)


def calibrate(
    context: typer.Context,
    texts: Annotated[Path | None, typer.Option("--texts", metavar="FILE", help="Texts to fit it to, one a line.")] = None,
    json: Json = False,
) -> None:
    """Make an int8 model, measure it against float32 on the texts served here, and keep it if it is near enough."""
    session: Session = context.obj
    from flows.calibrate import calibrate as make

    if texts and not texts.is_file():
        raise UsageError(f"calibrate: {texts}: no such file")
    given = [line for line in texts.read_text(encoding="utf-8").splitlines() if line.strip()] if texts else []
    with session.open("calibrate") as workspace:
        made = make(workspace, given, now=session.now)
    if json:
        print_json(made)
    else:
        fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
        print_fields("int8 against float32", fields)
        typer.echo("It serves after: ragkeep reindex --set model.backend=openvino --set model.dtype=int8, which embeds everything again.")


def doctor(context: typer.Context, json: Json = False) -> None:
    """Examine this machine and the workspace: what is installed, which model runs how and why. Exits with 1 if something is wrong."""
    session: Session = context.obj
    from configs.load import find_settings_file, load_settings
    from embeddings.processor import describe_processor
    from ragkeep.doctor import Finding, examine_machine, examine_workspace

    try:
        settings = load_settings(find_settings_file(session.folder))
        processor = describe_processor()
        findings = list(examine_machine(processor, ocr_languages=settings.parsing.ocr_languages))
        with session.open("doctor") as workspace:
            findings += examine_workspace(workspace, processor)
    except SettingsError as error:
        findings = [Finding("settings", "error", str(error))]
    except UsageError as error:
        findings.append(Finding("workspace", "warning", str(error)))
    except RagkeepError as error:
        findings.append(Finding("workspace", "error", str(error)))
    if json:
        print_json(findings)
    else:
        print_table("", ("", "", "found", "what to do"), [(each.state, each.about, each.found, each.remedy) for each in findings])
    if any(each.state == "error" for each in findings):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (models, calibrate, doctor):
        app.command()(command)
