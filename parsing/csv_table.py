"""Tables in text files."""

import csv

from contracts.results import Failure
from parsing.decode import decode
from parsing.headings import Raw
from parsing.html_table import CELL_SEPARATOR, rows_as_html, rows_of_csv

_DELIMITERS = ",;\t|"
_SAMPLE = 20_000
csv.field_size_limit(1 << 30)


def read_csv(content: bytes, /) -> list[Raw] | Failure:
    """One table. Lines may have different numbers of cells; the delimiter is the one that cuts the lines most alike."""
    text = decode(content)
    if isinstance(text, Failure):
        return text
    text = text.replace("\0", "")
    rows = rows_of_csv(text, _delimiter(text))
    lines = (CELL_SEPARATOR.join(row).rstrip(" |") for row in rows)
    return [Raw("table", "\n".join(line for line in lines if line), rows_as_html(rows))]


def _delimiter(text: str) -> str:
    return max(_DELIMITERS, key=lambda delimiter: _evenness(text[:_SAMPLE], delimiter))


def _evenness(sample: str, delimiter: str) -> tuple[float, int]:
    """The share of rows that have the commonest number of cells, counted only where that is more than one."""
    widths = [len(row) for row in rows_of_csv(sample, delimiter)]
    wide = [width for width in widths if width > 1]
    if not wide:
        return 0.0, 0
    commonest = max(set(wide), key=lambda width: (wide.count(width), width))
    return wide.count(commonest) / len(widths), commonest
