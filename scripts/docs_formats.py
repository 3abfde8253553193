"""The formats that parsing reads, collected from the code that reads them."""

from parsing.detect import _BY_NAME
from parsing.formats import FORMATS, Format
from scripts.docs_markdown import code, table


def format_reference() -> str:
    """A row a format: how it is told, what is kept and what is not, who counts, what it needs."""
    rows = [
        (one.title, _told(one), one.kept, one.left_out, one.counted_by or "nobody: its coverage is unknown", one.needs) for one in FORMATS
    ]
    return table(("format", "told by", "kept", "left out", "counted again by", "needs"), rows)


def _told(one: Format) -> str:
    """Its names where the bytes do not say what it is."""
    suffixes = sorted(suffix for suffix, name in _BY_NAME.items() if name in one.names)
    return ", ".join(map(code, suffixes)) if suffixes else "its bytes"
