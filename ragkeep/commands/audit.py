"""Commands that show and prove what was done: the audit's chain, and erasure receipts."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import UsageError
from ragkeep.printing import print_fields, print_json, print_table
from ragkeep.session import Session

audit = typer.Typer(help="Show and prove who did or saw what.", no_args_is_help=True)
receipt = typer.Typer(help="Prove what was erased.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PublicKey = Annotated[
    Path | None, typer.Option(help="File with the public key that checkpoints must be signed with; default: this workspace's.")
]


@audit.command()
def verify(context: typer.Context, public_key: PublicKey = None, json: Json = False) -> None:
    """Check every event against the chain of hashes and the signed checkpoints outside. Exit code 1 if anything is wrong."""
    session: Session = context.obj
    with session.open("audit") as workspace:
        found = workspace.audit.verify(_read(public_key) if public_key else None)
    if json:
        print_json(found)
    else:
        print_fields("audit", {"events": found.events, "checkpoints": found.checkpoints, "covered up to event": found.covered})
        print_table("", ("event", "problem"), [(problem.sequence, problem.what) for problem in found.problems])
        typer.echo("Nothing was changed, moved or removed." if not found.problems else f"{len(found.problems) + found.more} problems.")
        if found.events > found.covered:
            typer.echo(
                f"No checkpoint covers what comes after event {found.covered}: there a cut tail or a whole rewriting would not show."
            )
    if found.problems:
        raise typer.Exit(1)


@audit.command()
def log(
    context: typer.Context,
    since: Annotated[datetime | None, typer.Option(help="Only at or after this moment (UTC).")] = None,
    actor: Annotated[str | None, typer.Option(help="Only by this reader or flow.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action.")] = None,
    about: Annotated[str | None, typer.Option("--object", help="Only what touched the object with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The last so many.")] = 50,
    json: Json = False,
) -> None:
    """Show the last events, oldest first."""
    session: Session = context.obj
    from ledger.audit import Choice

    choice = Choice(since.replace(tzinfo=UTC) if since else None, actor, action, about)
    with session.open("audit") as workspace:
        events = workspace.audit.events(choice, limit=limit)
    if json:
        print_json(events)
        return
    print_table(
        "events",
        ("", "at", "actor", "action", "purpose", "decision", "objects", "counts"),
        [
            (
                *(recorded.sequence, f"{recorded.event.at:%Y-%m-%d %H:%M:%S}", recorded.event.actor, recorded.event.action),
                *(recorded.event.purpose, f"{recorded.event.decision} {recorded.event.rule}".strip()),
                *(_few(recorded.event.objects), ", ".join(f"{name} {count}" for name, count in recorded.event.counts.items())),
            )
            for recorded in events
        ],
    )


@audit.command()
def export(context: typer.Context, file: Annotated[Path, typer.Argument(help="A file that is replaced.")], json: Json = False) -> None:
    """Write every event with its hash to a file of JSON lines."""
    session: Session = context.obj
    with session.open("audit") as workspace:
        try:
            count = workspace.audit.export(file)
        except OSError as error:
            raise UsageError(f"{file}: cannot be written ({error.strerror}). Name another file") from None
    print_json({"events": count, "file": str(file)}) if json else typer.echo(f"{count} events in {file}")


@audit.command()
def key(context: typer.Context, json: Json = False) -> None:
    """Print the public key that checks this workspace's checkpoints and receipts. It is no secret: give it to whoever checks."""
    session: Session = context.obj
    from ledger.signing import key_id

    with session.open("audit") as workspace:
        pem = workspace.signer.public_key_pem()
    print_json({"key": key_id(pem), "public_key_pem": pem.decode()}) if json else typer.echo(pem.decode(), nl=False)


@receipt.command("verify")
def verify_receipt(
    file: Annotated[Path, typer.Argument(help="The receipt.")],
    public_key: Annotated[Path, typer.Option(help="File with the workspace's public key, as `ragkeep audit key` prints it.")],
    json: Json = False,
) -> None:
    """Check a receipt with the public key alone; no workspace is needed. Exit code 1 if it is not what was signed."""
    from ledger.receipts import verify_receipt as check

    problems = check(_read(file), _read(public_key))
    if json:
        print_json({"file": str(file), "valid": not problems, "problems": problems})
    else:
        typer.echo(f"{file}: signed by the owner of this public key, and unchanged." if not problems else f"{file}: not valid.")
        for problem in problems:
            typer.echo(f"  {problem}")
    if problems:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(audit, name="audit")
    app.add_typer(receipt, name="receipt")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None


def _few(ids: tuple[str, ...]) -> str:
    return ids[0] if len(ids) == 1 else f"{len(ids)} objects" if ids else ""
