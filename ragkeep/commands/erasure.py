"""The command that erases."""

from typing import Annotated

import typer

from contracts.errors import UsageError
from ragkeep.printing import print_json, print_table, progress_bar
from ragkeep.session import Session


def erase(
    context: typer.Context,
    subject: Annotated[str | None, typer.Option(help="Everything about this person.")] = None,
    document: Annotated[str | None, typer.Option(help="The document with this id.")] = None,
    uri: Annotated[str | None, typer.Option(help="The document at this place.")] = None,
    source: Annotated[str | None, typer.Option(help="Everything from this source.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it the command only lists what would go.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Erase documents from every store, for ever: the same document, or the same bytes elsewhere, are refused from then on."""
    session: Session = context.obj
    from flows.erase import Kind, Selector, preview
    from flows.erase import erase as run

    given: dict[Kind, str | None] = {"subject": subject, "document": document, "uri": uri, "source": source}
    chosen = [Selector(kind, value) for kind, value in given.items() if value]
    if len(chosen) != 1:
        raise UsageError("erase: name exactly one of --subject, --document, --uri and --source")
    selector = chosen[0]
    with session.open("erase") as workspace:
        if not yes:
            would = preview(workspace, selector)
            if json:
                print_json({"dry_run": True, "documents": [target.document_id for target in would.targets], "copies": would.copies})
                return
            print_table("would be erased", ("document", "source", "uri"), [(t.document_id, t.source_id, t.uri) for t in would.targets])
            print_table("entries in every copy", ("copy", "entries"), would.copies.items())
            typer.echo("Nothing was erased. Erase with: --yes")
            return
        with progress_bar(enabled=not json) as progress:
            erased = run(workspace, selector, now=session.now, progress=progress)
    if json:
        print_json(erased)
        return
    print_table(
        f"request {erased.request_id}: {erased.documents} documents {erased.state}",
        ("copy", "before", "after", "shared"),
        [(c.copy, c.before, c.after, c.shared) for c in erased.copies],
    )
    typer.echo(f"purge {erased.purge}: freeing the bytes on disk is a step of its own")


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(erase)
