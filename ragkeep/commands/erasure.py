"""Commands that erase, free the bytes, and prove that nothing is left."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import UsageError, WorkspaceLocked
from contracts.results import Erased
from ragkeep.printing import print_fields, print_json, print_table, progress_bar
from ragkeep.session import Session

if TYPE_CHECKING:
    from flows.targets import Selector


def erase(
    context: typer.Context,
    subject: Annotated[str | None, typer.Option(help="Everything about this person.")] = None,
    document: Annotated[str | None, typer.Option(help="The document with this id.")] = None,
    uri: Annotated[str | None, typer.Option(help="The document at this place.")] = None,
    source: Annotated[str | None, typer.Option(help="Everything from this source.")] = None,
    query: Annotated[str | None, typer.Option(help="Every document that says these words, in this order.")] = None,
    expired: Annotated[bool, typer.Option("--expired", help="Every document whose terms have ended.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase; without it the command only lists what would go.")] = False,
    purge: Annotated[bool, typer.Option("--purge", help="Free the bytes on disk too, and prove it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Erase documents from every store, for ever: the same document, and the same bytes or text elsewhere, are refused from then on."""
    session: Session = context.obj
    from flows.targets import Kind, Selector

    ended = session.now.isoformat() if expired else None
    given: dict[Kind, str | None] = {
        "subject": subject,
        "document": document,
        "uri": uri,
        "source": source,
        "query": query,
        "expired": ended,
    }
    chosen = [Selector(kind, value) for kind, value in given.items() if value]
    if len(chosen) != 1:
        raise UsageError("erase: name exactly one of --subject, --document, --uri, --source, --query and --expired")
    if not yes:
        _preview(session, chosen[0], json=json)
        return
    erased = _erase(session, chosen[0], purge=purge, json=json)
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
    if erased.state == "purged":
        typer.echo(f"purged: no file of the workspace holds any of it; receipt {erased.receipt}")
    else:
        typer.echo(f"purge {erased.purge}: the bytes on disk are freed by: ragkeep purge; receipt {erased.receipt}")


def _preview(session: Session, selector: "Selector", *, json: bool) -> None:
    from flows.record import OPERATOR, audit
    from flows.targets import preview

    with session.open("erase") as workspace:
        would = preview(workspace, selector, now=session.now)
        audit(workspace, "erase.previewed", [target.document_id for target in would.targets], now=session.now, actor=OPERATOR)
    goes, stays = ([target for target in would.targets if target.redacted is redacted] for redacted in (False, True))
    if json:
        ids = {"documents": [target.document_id for target in goes], "redacted": [target.document_id for target in stays]}
        print_json({"dry_run": True, **ids, "copies": would.copies})
        return
    for title, targets in (("would be erased", goes), ("would stay without the person", stays)):
        if targets or targets is goes:
            print_table(title, ("document", "source", "uri"), [(t.document_id, t.source_id, t.uri) for t in targets])
    print_table("entries in every copy", ("copy", "entries"), would.copies.items())
    typer.echo("Nothing was erased. Erase with: --yes")


def _erase(session: Session, selector: "Selector", *, purge: bool, json: bool) -> Erased:
    """Suppressed at once, whoever holds the workspace; deleted, and purged if asked, where nobody else does."""
    from flows.erase import carry_out, request_erasure, resume
    from flows.needles import gather_needles
    from flows.purge import purge as free

    with session.open("erase", shared=True) as workspace:
        request = request_erasure(workspace, selector, now=session.now)
    try:
        with session.open("erase") as workspace, progress_bar(enabled=not json) as progress:
            needles = gather_needles(workspace, request.documents, redacted=request.redacted, person=request.key) if purge else None
            erased = carry_out(workspace, request, now=session.moment(), progress=progress)
            if not purge:
                resume(workspace, now=session.moment(), progress=progress)
                return erased
            freed = free(workspace, needles, now=session.moment(), progress=progress)
            if request.request_id not in freed.requests:
                return erased
            receipt = freed.receipts[freed.requests.index(request.request_id)]
            return replace(erased, state="purged", purge="purged", physical_at=freed.proven_at, receipt=receipt)
    except WorkspaceLocked:
        return Erased(request.request_id, "suppressed", len(request.documents))


def purge(context: typer.Context, json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Free the bytes of everything that was erased, prove it by a scan of every file, and issue the final receipts."""
    session: Session = context.obj
    from flows.purge import purge as run

    with session.open("purge") as workspace, progress_bar(enabled=not json) as progress:
        done = run(workspace, now=session.moment(), progress=progress)
    if json:
        print_json(done)
        return
    print_table("every copy", ("copy", "bytes"), done.copies.items())
    scanned = {"files": done.files, "bytes": done.bytes, "hits": done.hits, "unread": done.unread}
    print_fields("erasures", {"purged": len(done.requests), "pending": done.pending} | (scanned if done.files else {}))
    if done.hits or done.unread:
        typer.echo("Nothing is proven yet. Look closer with: ragkeep erasure scan --needle-file FILE")


erasure = typer.Typer(help="Prove that nothing is left.", no_args_is_help=True)


@erasure.command()
def scan(
    context: typer.Context,
    needle_file: Annotated[Path, typer.Option(help="What to look for, one text a line, or hex:… for bytes.")],
    also: Annotated[list[Path] | None, typer.Option(help="Another file or folder to look through; may be repeated.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look for texts and bytes in every file of the workspace, raw and decoded. Exit code 1 if anything is found or cannot be read."""
    session: Session = context.obj
    from forensics.eyes import check_eyes
    from forensics.needles import read_needles
    from forensics.scan import scan as run

    check_eyes()
    with session.open("erasure scan") as workspace:
        found = run([workspace.root, *(also or [])], read_needles(needle_file))
    if json:
        print_json(found)
    else:
        print_table(
            "found", ("file", "as", "needle", "form", "times"), [(f.file, f.decoder, f.needle, f.form, f.times) for f in found.found]
        )
        print_table("not read", ("file", "as", "why"), [(u.file, u.decoder, u.problem) for u in found.unread])
        print_fields("scanned", {"files": found.files, "bytes": found.bytes, "decoded": found.decoded_bytes, "hits": len(found.found)})
    if not found.proves_absence:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(erase)
    app.command()(purge)
    app.add_typer(erasure, name="erasure")
