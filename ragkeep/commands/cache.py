"""The command that shows who shares the vector cache and how often it had what was asked for, and forgets a workspace that is no more."""

from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import UsageError
from ragkeep.printing import print_fields, print_json, print_table
from ragkeep.session import Session

if TYPE_CHECKING:
    from ledger.sharers import Shared


def cache(
    context: typer.Context,
    forget: Annotated[
        str | None, typer.Option("--forget", metavar="WORKSPACE_ID", help="A workspace that is no more, or shares the cache no longer.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Forget it; without it the command only says what would go.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what the vector cache holds, who shares it, and how often it had what was to be embedded."""
    session: Session = context.obj
    if yes and not forget:
        raise UsageError("cache: --yes goes with --forget WORKSPACE_ID")
    if forget:
        _forget(session, forget, yes=yes, json=json)
        return
    from ledger.sharers import read_shared

    with session.open("cache") as workspace:
        shared = read_shared(workspace.vectors)
        names = {served.fingerprint: str(served.settings["name"]) for served in workspace.served.all()}
    if json:
        print_json(shared)
    else:
        _print_shared(shared, names)


def _print_shared(shared: "Shared", names: dict[str, str]) -> None:
    print_fields(
        "vector cache", {"place": shared.place, "key": shared.key_file, "vectors": shared.vectors, "size": _megabytes(shared.bytes)}
    )
    print_table(
        "workspaces",
        ("", "workspace", "documents", "vectors", "alone", "size"),
        [
            ("this" if one.is_this else "", one.workspace, one.documents, one.vectors, one.alone, _megabytes(one.bytes))
            for one in shared.workspaces
        ],
    )
    print_table(
        "texts that were to be embedded",
        ("workspace", "model", "asked", "had", "", "others'", "last"),
        [
            (
                one.workspace,
                names.get(of.model, of.model[:12]),
                of.asked,
                of.had,
                f"{of.had / of.asked:.1%}",
                of.from_others,
                of.last_on,
            )
            for one in shared.workspaces
            for of in one.models
        ],
    )


def _forget(session: Session, workspace_id: str, *, yes: bool, json: bool) -> None:
    from flows.record import OPERATOR, audit
    from ledger.sharers import find_share, leave

    with session.open("cache") as workspace:
        share = find_share(workspace.vectors, workspace_id)
        if yes:
            leave(workspace.vectors, workspace_id)
            audit(workspace, "cache.workspace_forgotten", [workspace_id], now=session.now, actor=OPERATOR)
    if json:
        print_json({"dry_run": not yes, "workspace": share.workspace, "documents": share.documents, "vectors": share.alone})
        return
    what = f"of {share.workspace}: the ownership of {share.documents} documents, and {share.alone} vectors that nobody else owns"
    if yes:
        typer.echo(f"Forgotten {what}. Their bytes are freed by: ragkeep purge")
    else:
        typer.echo(f"This would forget {what}. Nothing was forgotten. Forget with: --yes")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(cache)
