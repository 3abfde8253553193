"""Commands that record what people decided about their data."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from contracts.errors import UsageError
from ragkeep.printing import print_json, print_table
from ragkeep.session import Session

consent = typer.Typer(help="Record and show what people decided about their data.", no_args_is_help=True)

Subject = Annotated[str, typer.Option(help="The person, by the identifier that the source uses.")]
Purpose = Annotated[str, typer.Option(help="What for: a name of `consent purposes`, a term `dpv:Term` or its IRI, or a term of your own.")]
Scope = Annotated[str, typer.Option("--source", help="Only for this source; default: for all.")]
Evidence = Annotated[str, typer.Option(help="Where the decision is written down; kept as a hash.")]
Until = Annotated[str, typer.Option(help="The moment the consent ends, ISO 8601; default: none.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@consent.command()
def grant(
    context: typer.Context,
    subject: Subject,
    purpose: Purpose = "retrieval",
    source: Scope = "",
    until: Until = "",
    evidence: Evidence = "",
    json: Json = False,
) -> None:
    """Record that a person agreed; it lifts what they refused before. Documents about them are admitted at the next run."""
    said = {"state": "granted", "subject": subject, "purpose": purpose, "source": source, "until": until, "evidence": evidence}
    _record(context.obj, said, json=json)


_REFUSALS = {
    "withdrawn": (
        "withdraw",
        "Record that a person no longer agrees: refuses what rests on consent. Searches hold to it at once; the next run removes the rows.",
    ),
    "objected": (
        "object",
        "Record that a person objects: refuses what rests on consent, on a legitimate interest or on the public interest. At once.",
    ),
    "restricted": (
        "restrict",
        "Record that a person had the use restricted: refuses every personal document about them, on any basis. At once.",
    ),
}
"""Words that take something away, each with its command and what that says of itself."""


def _refuse(state: str) -> Callable[..., None]:
    def command(
        context: typer.Context,
        subject: Subject,
        purpose: Purpose = "retrieval",
        source: Scope = "",
        evidence: Evidence = "",
        json: Json = False,
    ) -> None:
        _record(context.obj, {"state": state, "subject": subject, "purpose": purpose, "source": source, "evidence": evidence}, json=json)

    return command


for _state, (_name, _help) in _REFUSALS.items():
    consent.command(_name, help=_help)(_refuse(_state))


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
    for purpose in counts.own_purposes if not json else ():
        _hint(purpose)


@consent.command()
def export(
    context: typer.Context,
    person: Annotated[str | None, typer.Argument(help="The person, by the identifier that the source uses; default: everyone.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON list instead of an object a line.")] = False,
) -> None:
    """Print receipts in the form of ISO/IEC TS 27560, one JSON object a line, oldest first. People stand in them as keyed hashes."""
    session: Session = context.obj
    from flows.consent import iso_receipt
    from flows.record import OPERATOR, audit

    with session.open("consent", shared=True) as workspace:
        receipts = workspace.consent.history(workspace.identity.subject(person) if person is not None else None)
        audit(workspace, "consent.exported", {receipt.subject_key for receipt in receipts}, now=session.now, actor=OPERATOR)
    stated = [iso_receipt(receipt) for receipt in receipts]
    for printed in [stated] if json else stated:
        print_json(printed)


@consent.command()
def show(
    context: typer.Context,
    person: Annotated[str | None, typer.Argument(help="The person, by the identifier that the source uses.")] = None,
    subject: Annotated[str | None, typer.Option(hidden=True)] = None,
    as_of: Annotated[str, typer.Option("--as-of", metavar="MOMENT", help="ISO 8601; default: now.")] = "",
    json: Json = False,
) -> None:
    """Show what a person had decided as of a moment, and everything they had said by then, oldest first."""
    session: Session = context.obj
    from flows.record import OPERATOR, audit

    name = person or subject
    if name is None:
        raise UsageError("consent show: say whose decisions, by the identifier that the source uses")
    moment = _moment(as_of) or session.now
    with session.open("consent", shared=True) as workspace:
        key = workspace.identity.subject(name)
        receipts = [receipt for receipt in workspace.consent.history(key) if receipt.at <= moment]
        audit(workspace, "consent.shown", [key], now=session.now, actor=OPERATOR)
        decided = sorted(workspace.consent.state(moment, [key]).decisions.items())
    states = [{"purpose": purpose, "source": source, "state": state} for (_, purpose, source), state in decided]
    if json:
        print_json({"as_of": moment, "states": states, "receipts": receipts})
        return
    print_table("in force", ("purpose", "source", "state"), [(one["purpose"], one["source"] or "all", one["state"]) for one in states])
    print_table(
        "decisions",
        ("at", "state", "purpose", "source", "receipt"),
        [(r.at.isoformat(), r.state, r.purpose, r.scope or "all", r.receipt_id) for r in receipts],
    )


@consent.command()
def purposes(json: Json = False) -> None:
    """Show the purposes that have a short name, with the terms of the Data Privacy Vocabulary that they stand for."""
    from configs.purposes import term, vocabulary

    known = list(vocabulary().values())
    if json:
        print_json(known)
        return
    print_table("", ("purpose", "term", "within"), [(one.name, term(one.iri) if one.iri else "our own", term(one.parent)) for one in known])


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(consent, name="consent")


def _record(session: Session, said: dict[str, str], *, json: bool) -> None:
    from configs.purposes import iri, is_known
    from flows.consent import Word, record

    word = Word(**said)
    with session.open("consent", create=True, shared=True) as workspace:
        receipt = record(workspace, word, now=session.now)
    if json:
        stated = {"receipt_id": receipt.receipt_id, "state": receipt.state, "purpose": receipt.purpose}
        print_json({**stated, "purpose_iri": iri(receipt.purpose), "known_purpose": is_known(receipt.purpose), "at": receipt.at})
        return
    typer.echo(f"{receipt.state}: {word.subject} for {receipt.purpose} (receipt {receipt.receipt_id})")
    if not is_known(receipt.purpose):
        _hint(receipt.purpose)


def _hint(purpose: str) -> None:
    typer.echo(f"{purpose}: a purpose of your own; those that have a name are listed by: ragkeep consent purposes", err=True)


def _moment(text: str) -> datetime | None:
    from flows.consent import read_moment

    try:
        return read_moment(text)
    except ValueError as error:
        raise UsageError(f"consent show: --as-of {text}: {error}") from None
