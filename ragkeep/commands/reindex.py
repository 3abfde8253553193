"""The command that puts another model, or another chunking, in the place of the one that answers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from configs.load import find_settings_file
from contracts.errors import UsageError
from ragkeep.commands.runs import cost_fields
from ragkeep.printing import print_fields, print_json, print_table, progress_bar
from ragkeep.session import Session

if TYPE_CHECKING:
    from flows.judge import Bar, Gate
    from flows.plan import Plan
    from flows.reindex import Reindexed
    from flows.workspace import Index

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def reindex(
    context: typer.Context,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|PATH", help="Another embedding model; written into ragkeep.yaml as it begins to answer."),
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Another setting, likewise, as in chunking.max_tokens=256.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Golden questions that the new index has to answer as well; besides `evaluation.questions`."),
    ] = None,
    sample: Annotated[int | None, typer.Option(min=0, help="In place of `evaluation.sample`.")] = None,
    tolerance: Annotated[float | None, typer.Option(min=0, max=1, help="In place of `evaluation.sample_tolerance`.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be cut and embedded, and change nothing.")] = False,
    json: Json = False,
) -> None:
    """Build the index anew beside the one that answers, compare them, and put it in that one's place. Exits with 1 if it is refused.

    Searches are answered throughout, by the old model until the end. What has to hold before the move stands under `evaluation` in the
    settings. What is replaced is kept for `stores.keep_replaced_hours`: with the old model back in the settings, a reindex goes back to it
    without embedding anything.
    """
    session: Session = context.obj
    from configs.override import model_assignment
    from flows.judge import usual_bar
    from flows.plan import plan
    from flows.reindex import reindex as run

    stated = [*(changes or []), *([model_assignment(model)] if model else [])]
    file = _file_for(session, stated)
    with session.open("reindex", insist=True, changes=stated) as workspace, progress_bar(enabled=not json) as progress:
        if dry_run:
            _print_plan(plan(workspace, [], now=session.now), json=json)
            return
        bar = _bar(usual_bar(workspace), sample, tolerance, questions)
        done = run(workspace, bar=replace(bar, gates=[_writing(file, stated)] if file else []), now=session.now, progress=progress)
    _print_reindexed(done, json=json)
    if not done.moved:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(reindex)


def _file_for(session: Session, stated: Sequence[str]) -> Path | None:
    """The file that these settings are to be written into, None without any. UsageError where it is not there or would not count."""
    from configs.write import check_counts

    check_counts(stated)
    file = find_settings_file(session.folder) if stated else None
    if stated and file is None:
        raise UsageError("reindex: there is no ragkeep.yaml for the new settings. Make one with: ragkeep init")
    return file


def _bar(usual: "Bar", sample: int | None, tolerance: float | None, questions: Path | None) -> "Bar":
    """The settings' own, as far as the command does not say otherwise."""
    from evaluation.golden import read_golden

    if questions:
        read_golden(questions)  # so that a mistake in it is told before anything is built
    return replace(
        usual,
        sample=usual.sample if sample is None else sample,
        tolerance=usual.tolerance if tolerance is None else tolerance,
        questions=tuple(dict.fromkeys([*usual.questions, *([questions.absolute()] if questions else [])])),
    )


def _writing(file: Path, stated: Sequence[str]) -> "Gate":
    """The last gate: from here on the settings name what is about to answer. Killed after it, the next run moves."""
    from configs.write import write_settings

    def write(_: "Index") -> bool:
        write_settings(file, stated)
        return True

    return write


def _print_plan(planned: "Plan", *, json: bool) -> None:
    if json:
        print_json(planned)
        return
    print_table("documents", ("to do", "uri", "why"), [(step.action, step.uri, step.why) for step in planned.documents])
    print_fields("the new index, as far as it is known before parsing", {"rows": planned.upserts, "to embed": planned.embeds})
    print_fields("estimated by what this workspace took before", cost_fields(planned.cost))


def _print_reindexed(done: "Reindexed", *, json: bool) -> None:
    if json:
        print_json(done)
        return
    print_fields(
        f"run {done.run_id}, {done.seconds:.1f} s",
        {"rows": done.rows, "embedded": done.applied.embedded, "cache hits": done.applied.cache_hits, "collection": done.collection},
    )
    compared = done.compared
    if compared.questions:
        told = {
            "questions": compared.questions,
            "found before": f"{compared.found_before:.1%}",
            "found after": f"{compared.found_after:.1%}",
        }
        print_fields("sample: beginnings of passages, ten documents deep", {**told, "shared hits": f"{compared.shared:.1%}"})
    for verdict in done.verdicts:
        typer.echo(f"{'passed' if verdict.passed else 'FAILED'}: {verdict.reason}")
    typer.echo("It answers now." if done.moved else f"The old index goes on answering: {done.refused}. What was built is kept.")
