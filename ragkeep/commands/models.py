"""Commands about embedding models and what computes them: models, calibrate, doctor."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.errors import RagkeepError, SettingsError, UsageError
from ragkeep.printing import print_fields, print_json, print_table
from ragkeep.session import Session

if TYPE_CHECKING:
    from embeddings.calibration import Calibration
    from ragkeep.models import KnownModel, Measurement

_MEASURES = ("ndcg@10", "recall@10")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def models(context: typer.Context, json: Json = False) -> None:
    """List the models that the index was made with: what each is, which answers, how it was measured, and what was refused."""
    session: Session = context.obj
    from ragkeep.models import read_models

    with session.open("models") as workspace:
        known = read_models(workspace)
    if json:
        print_json(known)
        return
    for one in known:
        print_fields(f"{one.name} ({one.fingerprint[:12]}), {one.serves}", _fields(one))


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
    with session.open("calibrate", insist=True) as workspace:
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
        with session.open("doctor", insist=True) as workspace:
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


def _fields(one: "KnownModel") -> dict[str, Any]:
    """For people; what is not known is said to be so."""
    identity = one.identity
    prompts = {"questions": identity.prompt_query, "texts": identity.prompt_document}
    return {
        "vectors": f"{identity.dimensions} dimensions, {identity.dtype}, {identity.backend}",
        "reads": f"{identity.window} tokens",
        "prompts": "; ".join(f"before {what}: {prompt!r}" for what, prompt in prompts.items() if prompt) or "none",
        "weights": f"sha256 {identity.weights_sha256}",
        "source": one.source or "not on this machine",
        "licence": one.licence or "not stated",
        **({"calibration": _in_figures(one.calibration)} if one.calibration else {}),
        "measured": "\n".join(_in_measures(each) for each in one.measured) or "never",
        **({"refused": "\n".join(f"{each.at:%Y-%m-%d %H:%M}: {each.reason}" for each in one.refused)} if one.refused else {}),
    }


def _in_figures(made: "Calibration") -> str:
    drop = made.ndcg_at_10_float32 - made.ndcg_at_10_int8
    near = f"cosine to float32 {made.cosine_mean:.4f} on average, {made.cosine_min:.4f} at least"
    return f"{near}; {made.overlap_at_10:.3f} of the ten nearest shared; nDCG@10 {drop:.4f} lower; on {made.measured_on} texts"


def _in_measures(each: "Measurement") -> str:
    told = ", ".join(f"{name} {each.means[name]:.3f}" for name in _MEASURES if name in each.means)
    return f"{each.suite}, {each.search}: {told} on {each.questions} questions, {each.at:%Y-%m-%d %H:%M}"


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (models, calibrate, doctor):
        app.command()(command)
