"""One file's bytes to elements or to the reason why not. Runs in a child that may be killed at any moment."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from contracts.results import Failure
from parsing import csv_table, mail, opendocument, outlook, partition, pdf, xml_text
from parsing.detect import MARKUP, detect_format
from parsing.headings import Raw, with_headings
from parsing.language import detect_languages

_READERS: dict[str, Callable[[bytes], list[Raw] | Failure]] = {
    "txt": partition.read_txt,
    "md": partition.read_md,
    "html": partition.read_html,
    "docx": partition.read_docx,
    "pptx": partition.read_pptx,
    "xlsx": partition.read_xlsx,
    "odt": partition.read_odt,
    "epub": partition.read_epub,
    **{format_: partial(partition.read_markup, format_) for format_ in MARKUP},
    "csv": csv_table.read_csv,
    "eml": mail.read_eml,
    "msg": outlook.read_msg,
    "ods": opendocument.read_ods,
    "odp": opendocument.read_odp,
    "pdf": pdf.read_pdf,
    "xml": xml_text.read_xml,
}
_PAGED = ("pptx", "xlsx", "odp", "ods")
_TRUSTED = frozenset({"zipfile", "zlib", "pypdf", "pdfminer", "pypdfium2", "lxml", "openpyxl", "docx", "pptx", "unstructured", "email"})
"""Libraries whose messages speak of structure. What others say may quote the document."""


def read(content: bytes, name: str, languages: Sequence[str], /) -> dict[str, Any]:
    """`{"elements": [Found, …]}` with at least one, or `{"failure": [rule, detail, remedy]}`. Raises MemoryError only."""
    found = detect_format(content, name)
    outcome = found if isinstance(found, Failure) else _read(content, found)
    if isinstance(outcome, Failure):
        return {"failure": [outcome.rule, outcome.detail, outcome.remedy]}
    raw = [one._replace(text=_sound(one.text), html=one.html and _sound(one.html), above=_sound(one.above)) for one in outcome]
    spoken = detect_languages([one.text for one in raw], languages)
    return {"elements": list(with_headings(raw, spoken, per_page=found in _PAGED))}


def _read(content: bytes, format_: str) -> list[Raw] | Failure:
    try:
        outcome = _READERS[format_](content)
    except MemoryError:
        raise
    except Exception as error:
        return Failure("file.corrupt", f"{format_}: {_describe(error)}", "Fetch the file again, or save it anew in its program.")
    if isinstance(outcome, Failure):
        return outcome
    kept = [one for one in outcome if one.text.strip("\0 \t\r\n")]
    return kept or Failure(
        "parse.no_text", f"a well-formed {format_} file without text", "Leave it out with `exclude`, or add a description of it."
    )


def _describe(error: Exception) -> str:
    """The library's own words where they are about structure, without what they quote."""
    name = type(error).__name__
    if type(error).__module__.partition(".")[0] not in _TRUSTED:
        return name
    words = re.sub(r"""(['"`]).*?\1""", "…", str(error).partition("\n")[0])
    return f"{name}: {words[:120]}" if words else name


def _sound(text: str) -> str:
    """Without NUL and without half characters, which no table and no index can hold."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
