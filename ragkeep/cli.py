"""The command line: global options, the list of commands, and every error as one line on stderr."""

import os
import sys
import traceback
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from configs.offline import go_offline
from contracts.errors import RagkeepError
from ragkeep.commands import (
    audit,
    cache,
    consent,
    duplicates,
    erasure,
    evaluation,
    inspection,
    models,
    questions,
    reindex,
    runs,
    search,
    setup,
)
from ragkeep.session import Session

_INTERRUPTED = 130
"""The exit code that typer, too, makes of a KeyboardInterrupt."""

app = typer.Typer(
    name="ragkeep",
    help="Prepares documents for retrieval and keeps the index clean, current and lawful.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ragkeep {version('ragkeep')}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    workspace: Annotated[Path | None, typer.Option(help="Folder that holds everything (default: RAGKEEP_WORKSPACE or .ragkeep).")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")] = False,
    now: Annotated[datetime | None, typer.Option(hidden=True, help="The moment to act as of, in UTC.")] = None,
) -> None:
    moment = now.replace(tzinfo=UTC) if now else datetime.now(UTC)
    context.obj = Session(chosen=workspace, debug=debug, now=moment)


setup.register(app)
runs.register(app)
reindex.register(app)
search.register(app)
evaluation.register(app)
questions.register(app)
inspection.register(app)
duplicates.register(app)
models.register(app)
cache.register(app)
consent.register(app)
erasure.register(app)
audit.register(app)


def main() -> None:
    """Run the command of `sys.argv`. Exit codes: 0 done, 1 done with quarantined or withheld documents (`--strict`), 2 wrong use, 3 a store
    is out of reach, 130 stopped from the keyboard.
    """
    go_offline()
    try:
        code = app(standalone_mode=False) or 0  # typer returns the code of its Exit
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # whoever read our output had enough; typer makes the first the second
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (typer.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except Exception as error:
        code = _report(error)
    if code == _INTERRUPTED:
        print("stopped; the next run takes up where this one was", file=sys.stderr)
    sys.exit(code)


def _report(error: Exception) -> int:
    """The exit code, once each mistake is a line on stderr."""
    if "--debug" in sys.argv:
        traceback.print_exc()
    if isinstance(error, RagkeepError):
        text, code = str(error), error.exit_code
    elif isinstance(error, TyperException):
        text, code = error.format_message(), 2
    else:
        text, code = f"unexpected {type(error).__name__}: {error} (--debug shows where)", 2
    for line in text.splitlines():
        print(f"ragkeep: {line}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
