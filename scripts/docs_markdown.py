"""Markdown of the generated parts of the docs."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], /) -> str:
    """A table; bars inside a cell are escaped."""
    lines = [list(columns), ["---"] * len(columns), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str, /) -> str:
    """The text in backticks, nothing for an empty one."""
    return f"`{text}`" if text else ""


def console(text: str, /) -> str:
    """A fenced block of a terminal."""
    return f"```console\n{text.rstrip()}\n```"


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")
