"""The reference of the command line, from the command line itself."""

import dataclasses
import types
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

import typer

from contracts.results import Erased, Ingested
from evaluation.compare import Difference
from flows.consent import Imported
from flows.expire import Expired
from flows.plan import Plan
from flows.purge import Purged
from flows.reconcile import Reconciled
from flows.reindex import Reindexed
from forensics.scan import Scanned
from ledger.chain import Verified
from ledger.sharers import Shared
from ragkeep.cli import app
from ragkeep.inspect import Status
from ragkeep.models import KnownModel
from ragkeep.suggest import Suggested
from retrieval.search import Hit
from scripts.docs_markdown import code, table

_PRINTED: dict[str, type] = {
    "ingest": Ingested,
    "backfill": Ingested,
    "plan": Plan,
    "expire": Expired,
    "reconcile": Reconciled,
    "reindex": Reindexed,
    "models": KnownModel,
    "cache": Shared,
    "search": Hit,
    "status": Status,
    "erase": Erased,
    "purge": Purged,
    "erasure scan": Scanned,
    "audit verify": Verified,
    "consent import": Imported,
    "evaluate compare": Difference,
    "questions suggest": Suggested,
}
"""What `--json` prints where it is one of our own types; `_LISTS` print a list of it."""
_LISTS = {"models", "search", "evaluate compare"}


def command_reference() -> str:
    """Every command with its arguments and options, in the order of `ragkeep --help`."""
    blocks = []
    for name, command in _commands(typer.main.get_command(app), ""):
        blocks.append(f"## ragkeep {name}".rstrip() if name else "## Before every command")
        blocks.append(" ".join(command.help.split()))
        blocks.append(f"```text\n{_usage(name, command)}\n```")
        rows = [_row(one) for one in command.params if not one.hidden]
        if rows:
            blocks.append(table(("", "default", ""), rows))
    return "\n\n".join(blocks)


def json_reference() -> str:
    """The fields of what each command prints with `--json`."""
    rows = []
    for name, printed in _PRINTED.items():
        many = "a list of " if name in _LISTS else ""
        rows.append((code(f"ragkeep {name}"), many + code(_shape(printed))))
    return table(("command", "`--json` prints"), rows)


def commands() -> dict[str, Any]:
    """Every command that can be called, by its name; the groups that hold others are left out."""
    return {name: command for name, command in _commands(typer.main.get_command(app), "") if not hasattr(command, "commands")}


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not command.hidden:
        yield name, command
        for inner, one in getattr(command, "commands", {}).items():
            yield from _commands(one, f"{name} {inner}".strip())


def _usage(name: str, command: Any) -> str:
    options = "[OPTIONS]" if any(_is_option(one) for one in command.params) else ""
    arguments = [_argument(one) for one in command.params if not _is_option(one)]
    inner = ["COMMAND ..."] if hasattr(command, "commands") else []
    return " ".join(part for part in ("ragkeep", name, options, *arguments, *inner) if part)


def _is_option(one: Any) -> bool:
    return bool(one.opts[0].startswith("-"))


def _argument(one: Any) -> str:
    shown = one.metavar or one.name.upper()
    return shown if one.required or shown.startswith("[") else f"[{shown}]"


def _row(one: Any) -> tuple[str, str, str]:
    if not _is_option(one):
        return code(_argument(one)), "required" if one.required else "", one.help
    name = ", ".join(sorted(one.opts, key=len, reverse=True))
    is_flag = getattr(one, "is_flag", False)
    shown = name if is_flag else f"{name} {one.metavar or _kind(one.type_descriptor.annotation)}"
    default = "" if is_flag or one.default in (None, "") else str(one.default)
    repeated = " (may be repeated)" if one.multiple and "repeated" not in one.help else ""
    return code(shown), "required" if one.required else code(default), one.help + repeated


def _kind(annotation: Any) -> str:
    return {"str": "TEXT", "int": "NUMBER", "Path": "PATH", "datetime": "MOMENT", "float": "NUMBER"}.get(annotation.__name__, "TEXT")


def _shape(kind: Any) -> str:
    """A type as the JSON that it becomes."""
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        fields = (f"{field.name}: {_shape(hints[field.name])}" for field in dataclasses.fields(kind))
        return "{" + ", ".join(_short(field) for field in fields) + "}"
    if get_origin(kind) in (tuple, list):
        return f"[{_shape(get_args(kind)[0])}, …]"
    if isinstance(kind, types.UnionType):
        return _shape(next(one for one in get_args(kind) if one is not types.NoneType)) + "?"
    return {"str": "text", "int": "int", "float": "number", "bool": "bool", "datetime": "moment", "date": "day"}.get(
        getattr(kind, "__name__", ""), "…"
    )


def _short(field: str) -> str:
    """`name: type`, without the type where it goes without saying: a count."""
    return field.removesuffix(": int")
