"""Commands that bring the index up to date: ingest, plan, backfill, expire, reconcile, approve."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from contracts.errors import UsageError
from contracts.results import Ingested
from ragkeep.printing import print_fields, print_json, print_table, progress_bar
from ragkeep.session import Session

if TYPE_CHECKING:
    from flows.cost import Predicted

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
AFTER_A_REFUSAL = (
    "The index before it goes on answering, and takes in what is new. Put the old settings back, or try again with: ragkeep reindex"
)
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 1 if documents were quarantined or withheld, or another model refused.")]
WithPrefect = Annotated[bool, typer.Option("--prefect", help="Run as a Prefect flow, recorded by the Prefect server that is set.")]
Target = Annotated[
    str | None, typer.Argument(metavar="[PATH|SOURCE]", help="A folder, a file or a configured source; default: every source.")
]


def ingest(
    context: typer.Context,
    target: Target = None,
    retry: Annotated[bool, typer.Option("--retry-quarantined", help="Parse quarantined documents again.")] = False,
    prefect: WithPrefect = False,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Bring the index up to date with the sources; a run without a change does nothing."""
    session: Session = context.obj
    if prefect:
        from flows.deployed import ingest as run_as_flow

        done = run_as_flow(str(session.folder), source=target, retry_quarantined=retry)
    else:
        done = _ingest_here(session, target, retry=retry, quiet=json)
    _print_ingested(done, json=json)
    _exit(done, strict=strict)


def backfill(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="A configured source.")],
    since: Annotated[datetime | None, typer.Option(help="Only files modified at or after this moment (UTC).")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only files modified before this moment (UTC).")] = None,
    prefix: Annotated[str, typer.Option(help="Only files whose path begins so.")] = "",
    partitions: Annotated[int, typer.Option(min=1, max=500, help="Parts that are finished and remembered one by one.")] = 8,
    restart: Annotated[bool, typer.Option("--restart", help="Forget which partitions are finished.")] = False,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Process a window of a source again, whatever was done before; an interrupted backfill goes on where it stopped."""
    session: Session = context.obj
    from flows.backfill import Window
    from flows.backfill import backfill as run

    window = Window.of(since=since, until=until, prefix=prefix, partitions=partitions)
    with session.open("backfill") as workspace, progress_bar(enabled=not json) as progress:
        done = run(workspace, source, window, restart=restart, now=session.now, progress=progress)
    _print_ingested(done, json=json)
    _exit(done, strict=strict)


def plan(context: typer.Context, target: Target = None, json: Json = False) -> None:
    """Say what an ingest would read, parse, embed, upsert and delete, and why; change nothing."""
    session: Session = context.obj
    from flows.plan import plan as run
    from flows.registry import choose

    with session.open("plan", create=True) as workspace:
        planned = run(workspace, choose(workspace.registry, target, remember=False, say=_say), now=session.now)
    if json:
        print_json(planned)
        return
    print_table("documents", ("to do", "uri", "why"), [(step.action, step.uri, step.why) for step in planned.documents])
    print_fields(
        "index, as far as it is known before parsing", {"upsert": planned.upserts, "delete": planned.deletes, "embed": planned.embeds}
    )
    print_fields("estimated by what this workspace took before", cost_fields(planned.cost))
    print_table("", ("rows", "because"), [(count, why) for why, count in planned.reasons.items()])


def expire(context: typer.Context, json: Json = False) -> None:
    """Take out of every store what has expired by now, and apply what became of consents and terms."""
    session: Session = context.obj
    from flows.expire import expire as run

    with session.open("expire") as workspace, progress_bar(enabled=not json) as progress:
        done = run(workspace, now=session.now, progress=progress)
    print_json(done) if json else print_fields("expired", {"documents": done.documents, "rows deleted": done.deleted})


def reconcile(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
    json: Json = False,
) -> None:
    """Read the whole vector store back and compare it, row by row, with what it should hold."""
    session: Session = context.obj
    from flows.reconcile import reconcile as run

    with session.open("reconcile") as workspace, progress_bar(enabled=not json) as progress:
        found = run(workspace, repair=repair, now=session.now, progress=progress)
    if json:
        print_json(found)
        return
    print_fields("reconcile", {"rows": found.rows, "missing": found.missing, "zombies": found.zombies, "altered": found.altered})
    clean = not (found.missing or found.zombies or found.altered)
    typer.echo("The store holds what it should." if clean else "Repaired." if repair else "Mend it with: ragkeep reconcile --repair")


def approve(
    context: typer.Context, source: Annotated[str, typer.Argument(help="The source whose removals are withheld.")], json: Json = False
) -> None:
    """Approve the withheld removals of a source; the next ingest carries them out."""
    session: Session = context.obj
    from flows.record import OPERATOR
    from ledger.events import Event

    with session.open("approve") as workspace:
        if source not in (known := workspace.registry.all()):
            raise UsageError(f"{source}: no such source; known: {', '.join(known) or 'none'}")
        approved = workspace.approvals.approve(source, session.now)
        workspace.audit.record(Event(session.now, OPERATOR, "removals.approved", counts={"documents": approved}))
    print_json({"source": source, "approved": approved}) if json else typer.echo(
        f"{source}: {approved} removals approved; run: ragkeep ingest {source}"
    )


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (ingest, plan, backfill, expire, reconcile, approve):
        app.command()(command)


def _say(line: str) -> None:
    """On stderr, for stdout is the result's."""
    typer.echo(line, err=True)


def _ingest_here(session: Session, target: str | None, *, retry: bool, quiet: bool) -> Ingested:
    from flows.ingest import ingest as run
    from flows.registry import choose

    with session.open("ingest", create=True) as workspace:
        chosen = choose(workspace.registry, target, say=_say)
        with progress_bar(enabled=not quiet) as progress:
            return run(workspace, chosen, retry_quarantined=retry, now=session.now, progress=progress)


def cost_fields(cost: "Predicted") -> dict[str, Any]:
    """For people: what is not known is said to be so."""
    unknown = "unknown until a run here has embedded something"
    seconds = unknown if cost.seconds is None else f"{cost.seconds:.0f}"
    price = unknown if cost.price is None else f"{cost.price:.3f} {cost.currency}"
    return {"tokens to embed": cost.tokens, "of them of unread documents": cost.of_unread, "seconds": seconds, "price": price}


def _print_ingested(done: Ingested, *, json: bool) -> None:
    if json:
        print_json(done)
        return
    documents: dict[str, Any] = {name: getattr(done.documents, name) for name in done.documents.__dataclass_fields__}
    chunks = {name: getattr(done.chunks, name) for name in done.chunks.__dataclass_fields__}
    index = {"embedded": done.embedded, "cache hits": done.cache_hits, "upserted": done.upserted, "deleted": done.deleted}
    print_table(
        f"run {done.run_id}, {done.seconds:.1f} s, {done.tokens} tokens embedded, {done.price:.3f} by the price list",
        ("", "", ""),
        [
            (title, name, count)
            for title, part in (("documents", documents), ("chunks", chunks), ("index", index))
            for name, count in part.items()
        ],
    )
    if done.documents.quarantined:
        typer.echo("Why documents are quarantined, and what to do: ragkeep status --quarantined")
    if done.documents.withheld:
        typer.echo("Removals wait for your word: ragkeep approve SOURCE")
    if done.refused:
        typer.echo(f"What the settings name does not answer: {done.refused}.\n{AFTER_A_REFUSAL}")


def _exit(done: Ingested, *, strict: bool) -> None:
    if strict and (done.documents.quarantined or done.documents.withheld or done.refused):
        raise typer.Exit(1)
