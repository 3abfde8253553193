"""The command that erases."""

from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import UsageError, WorkspaceLocked
from contracts.results import Erased
from ragkeep.printing import print_json, print_table, progress_bar
from ragkeep.session import Session

if TYPE_CHECKING:
    from flows.erase import Selector


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
    from flows.erase import Kind, Selector

    given: dict[Kind, str | None] = {"subject": subject, "document": document, "uri": uri, "source": source}
    chosen = [Selector(kind, value) for kind, value in given.items() if value]
    if len(chosen) != 1:
        raise UsageError("erase: name exactly one of --subject, --document, --uri and --source")
    if not yes:
        _preview(session, chosen[0], json=json)
        return
    erased = _erase(session, chosen[0], json=json)
    if json:
        print_json(erased)
        return
    if erased.state == "suppressed":
        typer.echo(f"request {erased.request_id}: {erased.documents} documents suppressed: no search finds them from now on")
        typer.echo("Another process holds the workspace; it takes the rows out, and the next command does the rest.")
        return
    print_table(
        f"request {erased.request_id}: {erased.documents} documents {erased.state}",
        ("copy", "before", "after", "shared"),
        [(c.copy, c.before, c.after, c.shared) for c in erased.copies],
    )
    typer.echo(f"purge {erased.purge}: freeing the bytes on disk is a step of its own")


def _preview(session: Session, selector: "Selector", *, json: bool) -> None:
    from flows.erase import preview

    with session.open("erase") as workspace:
        would = preview(workspace, selector)
    if json:
        print_json({"dry_run": True, "documents": [target.document_id for target in would.targets], "copies": would.copies})
        return
    print_table("would be erased", ("document", "source", "uri"), [(t.document_id, t.source_id, t.uri) for t in would.targets])
    print_table("entries in every copy", ("copy", "entries"), would.copies.items())
    typer.echo("Nothing was erased. Erase with: --yes")


def _erase(session: Session, selector: "Selector", *, json: bool) -> Erased:
    """Suppressed at once, whoever holds the workspace; deleted too where nobody else does."""
    from flows.erase import carry_out, request_erasure, resume

    with session.open("erase", shared=True) as workspace:
        request = request_erasure(workspace, selector, now=session.now)
    try:
        with session.open("erase") as workspace, progress_bar(enabled=not json) as progress:
            erased = carry_out(workspace, request, now=session.now, progress=progress)
            resume(workspace, now=session.now, progress=progress)
            return erased
    except WorkspaceLocked:
        return Erased(request.request_id, "suppressed", len(request.documents))


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(erase)
