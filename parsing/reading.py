"""What a format's reader is told, and what it gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.results import Failure
from parsing.headings import Raw


def _no_time(_: float) -> None:
    """Nobody waits."""


@dataclass(frozen=True, slots=True)
class How:
    """What may be done to a file: see `configs.settings.ParsingSettings`."""

    reader: str = "unstructured"
    languages: Sequence[str] = ()
    ocr_languages: Sequence[str] = ()
    min_coverage: float = 0.0
    flag_coverage: float = 0.0
    passwords: Sequence[str] = ()
    more_time: Callable[[float], None] = _no_time
    """Told of seconds that text recognition will need beyond what the file's size allows."""


@dataclass(frozen=True, slots=True)
class Read:
    """Elements in reading order, with what the reader itself knows of their completeness: `read` measures the rest."""

    elements: list[Raw]
    coverage: float | None = None
    flag: Failure | None = None
