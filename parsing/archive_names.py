"""An archive as a document of its own: what is in it."""

from contracts.results import Failure
from parsing.archive import CONTENTS
from parsing.headings import Raw

_UNOPENED = Failure("archive.unopened", "an archive whose files were not taken out of it", "Ingest its source again.")


def read_archive(content: bytes, /) -> list[Raw] | Failure:
    """The names of its files as a list, of what was kept of an archive: of one that still holds them a list would hide a loss."""
    if not content.startswith(CONTENTS):
        return _UNOPENED
    return [Raw("list_item", path) for path in content.removeprefix(CONTENTS).decode().split("\n\n") if path]
