"""Commands that measure how good searches are, and compare what was measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from configs.load import find_settings_file, load_settings
from contracts.errors import UsageError
from ragkeep.printing import print_fields, print_json, print_table, progress_bar
from ragkeep.session import Session

if TYPE_CHECKING:
    from configs.settings import Settings
    from contracts.evaluation import Evaluation
    from flows.evaluate import Outcome
    from ragkeep.scratch import Where

evaluate = typer.Typer(help="Measure how well questions find what they should, and compare.", invoke_without_command=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Run = Annotated[str, typer.Argument(metavar="RUN", help="An evaluation: its id or the beginning of it, its number, or `last`.")]


@evaluate.callback()
def run(
    context: typer.Context,
    suite: Annotated[
        Path | None, typer.Option(metavar="DIR|FILE", help="Documents and questions in a folder, or a YAML file of golden questions.")
    ] = None,
    model: Annotated[str | None, typer.Option(metavar="NAME|PATH", help="Another embedding model for the documents of DIR.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Another setting for DIR, as in chunking.max_tokens=200.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Ask only so many questions, the first ones.")] = None,
    hybrid: Annotated[bool, typer.Option("--hybrid/--dense", help="Search by meaning and by words, or by meaning alone.")] = True,
    keep: Annotated[Path | None, typer.Option(help="Keep what was made of DIR in this folder, and take up there next time.")] = None,
    json: Json = False,
) -> None:
    """Ask every question of a suite and print how well what it should find was found.

    The documents of a folder go through the whole pipeline, into a workspace of their own that is thrown away; golden questions are
    asked of the workspace itself.
    """
    if context.invoked_subcommand:
        return
    if suite is None:
        raise UsageError("evaluate: say what to measure with: ragkeep evaluate --suite DIR, or see: ragkeep evaluate --help")
    session: Session = context.obj
    if suite.suffix.lower() in (".yaml", ".yml"):
        if model or changes or keep:
            raise UsageError("evaluate: golden questions are asked of the workspace as it is; --model, --set and --keep go with a folder")
        stored, outcome = _golden(session, suite, limit=limit, hybrid=hybrid, quiet=json)
    else:
        from ragkeep.scratch import Where

        settings, base = _settings(session, model, changes or [])
        stored, outcome = _suite(session, suite, settings, Where(base, keep), limit=limit, hybrid=hybrid, quiet=json)
    _print(stored, json=json)
    for missing in outcome.missing:
        typer.echo(f"question {missing.question_id}: {missing.reason}: {missing.expected}", err=True)


@evaluate.command("list")
def list_(
    context: typer.Context,
    suite: Annotated[str | None, typer.Option(help="Only those of this suite, by its name.")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="How many at most.")] = 20,
    json: Json = False,
) -> None:
    """List the evaluations that are stored, newest first."""
    session: Session = context.obj
    with session.open("evaluate", shared=True) as workspace:
        stored = workspace.evaluations.recent(suite=suite, limit=limit)
    if json:
        print_json([_short(one) for one in stored])
        return
    rows = [
        (one.number, one.run_id, f"{one.at:%Y-%m-%d %H:%M}", one.measured.suite, one.measured.model, one.measured.search, _means(one))
        for one in stored
    ]
    print_table("evaluations", ("", "run", "at", "suite", "model", "search", "means"), rows)


@evaluate.command()
def show(
    context: typer.Context,
    run: Run,
    slicing: Annotated[str | None, typer.Option("--slice", help="Scores by language, source, format, access, or a label of yours.")] = None,
    each: Annotated[bool, typer.Option("--questions", help="The scores of each question.")] = False,
    json: Json = False,
) -> None:
    """Show one stored evaluation: its measures, by slice, or question by question."""
    stored = _get(context.obj, run)
    if each and json:
        print_json(stored.questions)
    elif each:
        from evaluation.summary import measures_of

        names = measures_of(stored.questions)
        rows = [(one.question_id, *(_number(one.scores.get(name)) for name in names)) for one in stored.questions]
        print_table(stored.run_id, ("question", *names), rows)
    else:
        _print(stored, json=json, slicing=slicing)


@evaluate.command()
def compare(
    context: typer.Context,
    before: Run,
    after: Run,
    slicing: Annotated[str | None, typer.Option("--slice", help="Also by language, source, format, access, or a label of yours.")] = None,
    json: Json = False,
) -> None:
    """Put two evaluations side by side: each measure's difference, its interval and whether it may be chance."""
    from evaluation.compare import compare as run

    old, new = _get(context.obj, before), _get(context.obj, after)
    differences = run(old, new, slicing=slicing)
    if json:
        print_json(differences)
        return
    if old.measured.suite_digest != new.measured.suite_digest:
        typer.echo("The suite has changed in between; only questions that both have are compared.", err=True)
    rows = [
        (
            one.slice,
            one.measure,
            *map(_number, (one.before, one.after)),
            _signed(one.paired.difference),
            f"[{_signed(one.paired.low)}, {_signed(one.paired.high)}]",
            f"{one.paired.p_value:.4f}",
            one.paired.questions,
        )
        for one in differences
    ]
    print_table(
        f"{_named(old)}\n{_named(new)}", ("slice", "measure", "before", "after", "difference", "95 % interval", "p", "questions"), rows
    )


@evaluate.command()
def gate(context: typer.Context, baseline: Run, candidate: Run, json: Json = False) -> None:
    """Say whether a candidate may go live by the gates of the settings (evaluation.gates). Exits with 1 if it may not."""
    from evaluation.gate import passes

    session: Session = context.obj
    old, new = _get(session, baseline), _get(session, candidate)
    gates = [one for one in _load(session)[0].evaluation.gates if one.suite in (old.measured.suite, new.measured.suite)]
    if not gates:
        raise UsageError(f"evaluate gate: ragkeep.yaml has no gate for {new.measured.suite}. Add one under evaluation.gates")
    verdicts = [passes(old, new, one) for one in gates]
    if json:
        print_json({"passed": all(one.passed for one in verdicts), "verdicts": verdicts})
    for one in verdicts if not json else ():
        typer.echo(f"{'passed' if one.passed else 'FAILED'}: {one.reason}")
    if not all(one.passed for one in verdicts):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(evaluate, name="evaluate")


def _golden(session: Session, file: Path, *, limit: int | None, hybrid: bool, quiet: bool) -> "tuple[Evaluation, Outcome]":
    from evaluation.golden import read_golden
    from flows.evaluate import evaluate_golden

    asked = read_golden(file)[:limit]
    with session.open("evaluate") as workspace, progress_bar(enabled=not quiet) as progress:
        done = evaluate_golden(workspace, asked, file.name, hybrid=hybrid, now=session.now, progress=progress)
        return workspace.evaluations.add(done.measured, done.questions, done.counts, session.now), done


def _suite(
    session: Session, folder: Path, settings: "Settings", where: "Where", *, limit: int | None, hybrid: bool, quiet: bool
) -> "tuple[Evaluation, Outcome]":
    """The workspace is opened before, so that one that does not open is told at once, and not held while the suite is measured."""
    from evaluation.read import read_suite
    from ragkeep.evaluate import evaluate_suite

    suite = read_suite(folder).first(limit)
    with session.open("evaluate", create=True, shared=True):
        pass
    with progress_bar(enabled=not quiet) as progress:
        done = evaluate_suite(suite, settings, where, hybrid=hybrid, now=session.now, progress=progress)
    with session.open("evaluate", shared=True) as workspace:
        return workspace.evaluations.add(done.measured, done.questions, done.counts, session.now), done


def _load(session: Session) -> "tuple[Settings, Path]":
    """The settings that hold for the workspace, and where their relative paths start."""
    file = find_settings_file(session.folder)
    return load_settings(file), file.parent if file else session.folder.parent


def _settings(session: Session, model: str | None, changes: Sequence[str]) -> "tuple[Settings, Path]":
    from configs.override import model_assignment, override

    settings, base = _load(session)
    return override(settings, [*changes, *([model_assignment(model)] if model else [])]), base


def _get(session: Session, name: str) -> "Evaluation":
    with session.open("evaluate", shared=True) as workspace:
        return workspace.evaluations.get(name)


def _short(stored: "Evaluation") -> dict[str, Any]:
    """What was measured and the means, without the questions."""
    from evaluation.summary import means

    measured = {name: getattr(stored.measured, name) for name in stored.measured.__slots__}
    rounded = {name: round(mean, 6) for name, mean in means(stored.questions).items()}
    return {"run_id": stored.run_id, "number": stored.number, "at": stored.at, **measured, **rounded, **stored.counts}


def _print(stored: "Evaluation", *, json: bool, slicing: str | None = None) -> None:
    from evaluation.summary import by_slice, slicings, summarise

    found = summarise(stored.questions)
    wanted = [slicing] if slicing else slicings(stored.questions)
    questions = {name: by_slice(stored.questions, name) for name in wanted}
    sliced = {name: {part: summarise(some) for part, some in parts.items()} for name, parts in questions.items()}
    if json:
        intervals = {name: [round(one.low, 6), round(one.high, 6)] for name, one in found.items()}
        slices = {
            name: {
                part: {"questions": len(questions[name][part])} | {m: round(e.mean, 6) for m, e in some.items()}
                for part, some in parts.items()
            }
            for name, parts in sliced.items()
        }
        print_json({**_short(stored), "intervals": intervals, "slices": slices})
        return
    rows = [(name, _number(one.mean), f"[{_number(one.low)}, {_number(one.high)}]", one.questions) for name, one in found.items()]
    print_table(_named(stored), ("measure", "mean", "95 % interval", "questions"), rows)
    for name, parts in sliced.items():
        print_table(
            f"by {name}",
            ("", *found),
            [(part, *(_number(some[m].mean) if m in some else "" for m in found)) for part, some in parts.items()],
        )
    print_fields("", stored.counts)


def _named(stored: "Evaluation") -> str:
    measured = stored.measured
    return f"{stored.run_id}: {measured.suite}, {measured.model}, {measured.search}, {stored.at:%Y-%m-%d %H:%M}"


def _means(stored: "Evaluation") -> str:
    from evaluation.summary import means

    return "  ".join(f"{name} {mean:.3f}" for name, mean in means(stored.questions).items())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _signed(value: float) -> str:
    return f"{value:+.4f}"
