"""Commands that keep the team's own questions in step with what is held."""

from pathlib import Path
from typing import Annotated

import typer

from ragkeep.printing import print_fields, print_json, print_table
from ragkeep.session import Session

questions = typer.Typer(help="Keep golden questions: the team's own, with what they ought to find.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Golden = Annotated[Path, typer.Argument(metavar="FILE", help="Golden questions in YAML.")]


@questions.command()
def check(context: typer.Context, file: Golden, json: Json = False) -> None:
    """Check a file of golden questions, and whether what they expect is held. Exits with 1 if anything is missing."""
    session: Session = context.obj
    from evaluation.golden import read_golden
    from flows.evaluate import expected
    from retrieval.readers import find_reader

    golden = read_golden(file)
    with session.open("questions", shared=True) as workspace:
        for one in golden:
            find_reader(one.reader, workspace.settings.readers)
        asked, missing = expected(workspace, golden)
    if json:
        print_json({"questions": len(golden), "asked": len(asked), "missing": missing})
    else:
        print_table("", ("question", "expects", "which is"), [(one.question_id, one.expected, one.reason) for one in missing])
        typer.echo(f"{len(golden)} questions, {len(missing)} expectations that nothing held meets")
    if missing:
        raise typer.Exit(1)


@questions.command()
def suggest(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Golden questions in YAML, if there are any yet.")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="How many of each at most.")] = 20,
    json: Json = False,
) -> None:
    """Find what to ask about next: documents that no question expects, and passages that no search ever returned."""
    session: Session = context.obj
    from evaluation.golden import read_golden
    from ragkeep.suggest import suggest as run

    with session.open("questions", shared=True) as workspace:
        found = run(workspace, read_golden(file) if file else (), limit=limit, now=session.now)
    if json:
        print_json(found)
        return
    print_fields("", {"documents that no question expects": found.uncovered, "passages that no search returned": found.never_found})
    print_table("documents", ("uri", "source", "passages"), [(one.uri, one.source_id, one.chunks) for one in found.documents])
    print_table("passages", ("uri", "chunk", "under"), [(one.uri, one.chunk_id, one.heading_path) for one in found.passages])


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(questions, name="questions")
