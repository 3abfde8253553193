"""Commands that record what people decided about their data."""

from pathlib import Path
from typing import Annotated

import typer

from ragkeep.printing import print_json, print_table
from ragkeep.session import Session

consent = typer.Typer(help="Record and show what people decided about their data.", no_args_is_help=True)

Subject = Annotated[str, typer.Option(help="The person, by the identifier that the source uses.")]
Purpose = Annotated[str, typer.Option(help="What for.")]
Scope = Annotated[str, typer.Option("--source", help="Only for this source; default: for all.")]
Evidence = Annotated[str, typer.Option(help="Where the decision is written down; kept as a hash.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@consent.command()
def grant(
    context: typer.Context,
    subject: Subject,
    purpose: Purpose = "retrieval",
    source: Scope = "",
    evidence: Evidence = "",
    json: Json = False,
) -> None:
    """Record that a person agreed. Documents about them are admitted at the next run."""
    _record(context.obj, {"state": "granted", "subject": subject, "purpose": purpose, "source": source, "evidence": evidence}, json=json)


@consent.command()
def withdraw(
    context: typer.Context,
    subject: Subject,
    purpose: Purpose = "retrieval",
    source: Scope = "",
    evidence: Evidence = "",
    json: Json = False,
) -> None:
    """Record that a person no longer agrees. Searches hold to it at once; the next run takes the rows out."""
    _record(context.obj, {"state": "withdrawn", "subject": subject, "purpose": purpose, "source": source, "evidence": evidence}, json=json)


@consent.command("import")
def import_(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="CSV or JSONL with subject, purpose, state, at.")], json: Json = False
) -> None:
    """Record every decision of a file; those recorded before are passed over."""
    session: Session = context.obj
    from flows.consent import import_words

    with session.open("consent", create=True, shared=True) as workspace:
        counts = import_words(workspace, file, now=session.now)
    print_json(counts) if json else typer.echo(f"{counts.recorded} decisions recorded, {counts.known} known before")


@consent.command()
def show(context: typer.Context, subject: Subject, json: Json = False) -> None:
    """Show a person's decisions, oldest first."""
    session: Session = context.obj
    with session.open("consent", shared=True) as workspace:
        receipts = workspace.consent.history(workspace.identity.subject(subject))
    if json:
        print_json(receipts)
        return
    print_table(
        "decisions",
        ("at", "state", "purpose", "source", "receipt"),
        [(r.at.isoformat(), r.state, r.purpose, r.scope or "all", r.receipt_id) for r in receipts],
    )


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(consent, name="consent")


def _record(session: Session, said: dict[str, str], *, json: bool) -> None:
    from flows.consent import Word, record

    word = Word(**said)
    with session.open("consent", create=True, shared=True) as workspace:
        receipt = record(workspace, word, now=session.now)
    if json:
        print_json({"receipt_id": receipt, "state": word.state, "purpose": word.purpose, "at": session.now})
    else:
        typer.echo(f"{word.state}: {word.subject} for {word.purpose} (receipt {receipt})")
