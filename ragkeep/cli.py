"""The command line: global options, the list of commands, and every error as one line on stderr."""

import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from configs.offline import go_offline
from contracts.errors import RagkeepError
from ragkeep.commands import consent, erasure, inspection, runs, search, setup
from ragkeep.session import Session

app = typer.Typer(
    name="ragkeep",
    help="Prepares documents for retrieval and keeps the index clean, current and lawful.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def _options(
    context: typer.Context,
    workspace: Annotated[Path | None, typer.Option(help="Folder that holds everything (default: RAGKEEP_WORKSPACE or .ragkeep).")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    now: Annotated[datetime | None, typer.Option(hidden=True, help="The moment to act as of, in UTC.")] = None,
) -> None:
    moment = now.replace(tzinfo=UTC) if now else datetime.now(UTC)
    context.obj = Session(chosen=workspace, debug=debug, now=moment)


setup.register(app)
runs.register(app)
search.register(app)
inspection.register(app)
consent.register(app)
erasure.register(app)


def main() -> None:
    """Run the command of `sys.argv`.

    Exit codes: 0 done, 1 done with quarantined or withheld documents (`--strict`), 2 wrong use, 3 a store could not be reached.
    """
    go_offline()
    try:
        app(standalone_mode=False)
    except TyperException as error:
        print(f"ragkeep: {error}", file=sys.stderr)
        sys.exit(2)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        print("stopped; the next run takes up where this one was", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        known = isinstance(error, RagkeepError)
        print(
            f"ragkeep: {error}" if known else f"ragkeep: unexpected {type(error).__name__}: {error} (--debug shows where)", file=sys.stderr
        )
        sys.exit(error.exit_code if isinstance(error, RagkeepError) else 2)


if __name__ == "__main__":
    main()
