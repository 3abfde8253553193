"""The search command: permitted hits, or the reason why there are none."""

from typing import Annotated

import typer

from ragkeep.printing import print_json
from ragkeep.session import Session


def search(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    reader: Annotated[str | None, typer.Option("--as", help="A reader of the settings; default: anyone, who sees public content.")] = None,
    purpose: Annotated[str, typer.Option(help="What the answer is for.")] = "retrieval",
    limit: Annotated[int, typer.Option("-k", "--limit", min=1, max=1000, help="Hits at most.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Search as a reader for a purpose; access, consent and expiry hold at this moment."""
    session: Session = context.obj
    from flows.ask import ask

    with session.open("search") as workspace:
        answer = ask(workspace, question, reader=reader, purpose=purpose, limit=limit, now=session.now)
    if json:
        print_json(list(answer.hits))
    for rank, hit in enumerate(answer.hits if not json else (), start=1):
        pages = f", page {hit.page_start}" if hit.page_start else ""
        typer.secho(f"{rank}. {hit.uri}{pages}  {hit.heading_path}", bold=True)
        typer.echo(f"   {hit.text}\n   score {hit.score:.3f}, characters {hit.char_start}-{hit.char_end}, chunk {hit.chunk_id}\n")
    for said in filter(None, (answer.reason, answer.note)):
        typer.echo(said, err=True)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(search)
