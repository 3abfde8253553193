"""Commands that show what is held: status, show, trace."""

from typing import TYPE_CHECKING, Annotated

import typer

from contracts.errors import UsageError
from ragkeep.commands.runs import AFTER_A_REFUSAL
from ragkeep.printing import print_fields, print_json, print_table
from ragkeep.session import Session

if TYPE_CHECKING:
    from ragkeep.models import Answering

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def status(
    context: typer.Context,
    quarantined: Annotated[bool, typer.Option("--quarantined", help="List the documents in quarantine, and what to do.")] = False,
    flagged: Annotated[bool, typer.Option("--flagged", help="List the documents that went on though some text may be missing.")] = False,
    json: Json = False,
) -> None:
    """Count what every layer and store holds; list the last runs, open erasures and withheld removals."""
    session: Session = context.obj
    from ragkeep.inspect import read_flagged, read_quarantine, read_status

    if quarantined and flagged:
        raise UsageError("status: choose one of --quarantined and --flagged")
    with session.open("status") as workspace:
        if quarantined or flagged:
            entries = (read_quarantine if quarantined else read_flagged)(workspace, now=session.now)
        else:
            held = read_status(workspace)
    if json:
        print_json(entries if quarantined or flagged else held)
    elif quarantined or flagged:
        rows = [(e["uri"], e["rule"], e["detail"], e["remedy"]) for e in entries]
        print_table("quarantine" if quarantined else "flagged", ("uri", "rule", "found", "what to do"), rows)
    else:
        print_fields("layers and stores, in rows", held.layers | held.stores)
        print_fields("documents", held.documents)
        print_table(
            "last runs",
            ("run", "flow", "started", "outcome"),
            [(r.run_id, r.flow, f"{r.started_at:%Y-%m-%d %H:%M}", r.outcome) for r in held.runs],
        )
        print_fields("model", _answering(held.model))
        print_fields("waiting", {"removals withheld": held.withheld, "erasures whose bytes wait for a purge": held.unpurged})


def show(
    context: typer.Context,
    document: Annotated[str, typer.Argument(metavar="DOCUMENT_ID|URI", help="A document by its id or its place.")],
    text: Annotated[bool, typer.Option("--text", help="Its text after cleaning.")] = False,
    elements: Annotated[bool, typer.Option("--elements", help="Its elements.")] = False,
    chunks: Annotated[bool, typer.Option("--chunks", help="Its chunks, and what became of each.")] = False,
    json: Json = False,
) -> None:
    """Show what is held of a document: its terms and state, or its text, elements or chunks."""
    session: Session = context.obj
    from ragkeep.inspect import read_chunks, read_document, read_elements, read_text

    if text + elements + chunks > 1:
        raise UsageError("show: choose one of --text, --elements and --chunks")
    with session.open("show") as workspace:
        if text:
            found = read_text(workspace, document, now=session.now)
            print_json({"document": document, "text": found}) if json else typer.echo(found)
        elif elements or chunks:
            rows = read_elements(workspace, document, now=session.now) if elements else read_chunks(workspace, document, now=session.now)
            if json:
                print_json(rows)
            else:
                shown = (
                    ("ordinal", "kind", "page", "heading_path", "text") if elements else ("ordinal", "state", "why", "heading_path", "text")
                )
                print_table(document, shown, [[row[column] for column in shown] for row in rows])
        else:
            fields = read_document(workspace, document, now=session.now)
            print_json(fields) if json else print_fields(document, fields)


def trace(
    context: typer.Context, chunk: Annotated[str, typer.Argument(metavar="CHUNK_ID", help="The id of a hit.")], json: Json = False
) -> None:
    """Walk from a hit back to its file, page, characters, version, run, settings and model."""
    session: Session = context.obj
    from ragkeep.inspect import read_trace

    with session.open("trace") as workspace:
        fields = read_trace(workspace, chunk, now=session.now)
    print_json(fields) if json else print_fields(f"chunk {chunk}", fields)


def _answering(model: "Answering") -> dict[str, str]:
    if model.answers in ("", model.stated):
        return {"answers": model.answers or "none yet", **_refused(model)}
    waits = {} if model.refused else {"": "the next ingest builds it beside and judges it"}
    return {"answers": model.answers, "the settings name": model.stated, **_refused(model), **waits}


def _refused(model: "Answering") -> dict[str, str]:
    return {"refused": f"since {model.refused_at:%Y-%m-%d %H:%M}: {model.refused}", "": AFTER_A_REFUSAL} if model.refused else {}


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (status, show, trace):
        app.command()(command)
