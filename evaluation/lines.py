"""JSON objects, one a line, with the place of each for whoever finds something wrong with it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import UsageError


@dataclass(frozen=True, slots=True)
class Line:
    """An object, and where it stands."""

    where: str
    said: dict[str, Any]

    def text(self, *names: str) -> str:
        """The first of these members that is there, as text; numbers are taken as they are written. Raises UsageError if none is."""
        for name in names:
            value = self.said.get(name)
            if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
                return str(value)
        raise UsageError(f"{self.where}: no text under {' or '.join(f'`{name}`' for name in names)}; there are: {', '.join(self.said)}")


def read_lines(path: Path, /) -> Iterator[Line]:
    """Every object of the file, empty lines passed over. Raises UsageError."""
    try:
        with open(path, encoding="utf-8") as file:
            for number, text in enumerate(file, start=1):
                if text.strip():
                    yield Line(f"{path}, line {number}", _object(text, f"{path}, line {number}"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is not UTF-8") from None


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        raise UsageError(f"{where}: is not JSON") from None
    if not isinstance(said, dict):
        raise UsageError(f"{where}: is not a JSON object")
    return said
