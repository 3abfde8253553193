"""One file's bytes to elements or to the reason why not. Runs in a child that may be killed at any moment."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from contracts.results import Failure
from parsing import (
    archive_names,
    csv_table,
    epub,
    json_text,
    kreuzberg_reader,
    libreoffice,
    mail,
    ocr,
    opendocument,
    outlook,
    partition,
    pdf,
    xml_text,
)
from parsing.coverage import coverage, missing_lines
from parsing.detect import MARKUP, detect_format
from parsing.documents import Report
from parsing.headings import Link, Raw, with_headings
from parsing.language import detect_languages
from parsing.reading import How, Read
from parsing.second_reader import second_text
from parsing.vietnamese import legacy_reading

_READERS: dict[str, Callable[[bytes], list[Raw] | Failure]] = {
    "txt": partition.read_txt,
    "md": partition.read_md,
    "html": partition.read_html,
    "docx": partition.read_docx,
    "pptx": partition.read_pptx,
    "xlsx": partition.read_xlsx,
    "xls": partition.read_xls,
    "doc": libreoffice.read_doc,
    "ppt": libreoffice.read_ppt,
    "odt": partition.read_odt,
    "epub": epub.read_epub,
    **{format_: partial(partition.read_markup, format_) for format_ in MARKUP},
    "archive": archive_names.read_archive,
    "csv": csv_table.read_csv,
    "eml": mail.read_eml,
    "json": json_text.read_json,
    "msg": outlook.read_msg,
    "ods": opendocument.read_ods,
    "odp": opendocument.read_odp,
    "xml": xml_text.read_xml,
}
_PAGE_READERS: dict[str, Callable[[bytes, How], Read | Failure]] = {"pdf": pdf.read_pdf, "image": ocr.read_picture}
"""Of formats that have no second reader here, since they use it themselves or there is none."""
SECOND = "second"
"""The reader of elements that only the second reader found: they stand at the document's end, under no title."""
_WHOLE = 0.98
_LONGEST_TARGET = 2_000
_PAGED = ("pptx", "ppt", "xlsx", "xls", "odp", "ods")
_TRUSTED = frozenset({"zipfile", "zlib", "pypdf", "pdfminer", "pypdfium2", "lxml", "openpyxl", "docx", "pptx", "unstructured", "email"})
"""Libraries whose messages speak of structure. What others say may quote the document."""


def read(content: bytes, name: str, how: How, /) -> dict[str, Any]:
    """`{"elements": [Found, …], "report": Report}`, at least one, or `{"failure": [rule, detail, remedy]}`. Raises MemoryError only."""
    found = detect_format(content, name)
    outcome = found if isinstance(found, Failure) else _read(content, found, how)
    if isinstance(outcome, Failure):
        return {"failure": [outcome.rule, outcome.detail, outcome.remedy]}
    sound = partial(_sound, legacy_reading("\n".join(one.text for one in outcome.elements)) or str)
    raw = [_sounded(one, sound) for one in outcome.elements]
    spoken = detect_languages([one.text for one in raw], how.languages)
    flag = (outcome.flag.rule, outcome.flag.detail, outcome.flag.remedy) if outcome.flag else None
    report = Report(str(found), sum(len(one.text) for one in raw), outcome.coverage, flag)
    return {"elements": list(with_headings(raw, spoken, per_page=found in _PAGED)), "report": report}


def _read(content: bytes, format_: str, how: How) -> Read | Failure:
    try:
        outcome = _PAGE_READERS[format_](content, how) if format_ in _PAGE_READERS else _measured(content, format_, how)
    except MemoryError:
        raise
    except Exception as error:
        return Failure("file.corrupt", f"{format_}: {_describe(error)}", "Fetch the file again, or save it anew in its program.")
    if isinstance(outcome, Failure):
        return outcome
    kept = [one for one in outcome.elements if one.text.strip("\0 \t\r\n")]
    if not any(one.kind not in pdf.HIDDEN for one in kept):
        return Failure(
            "parse.no_text", f"a well-formed {format_} file without text", "Leave it out with `exclude`, or add a description of it."
        )
    return _judged(Read(kept, outcome.coverage, outcome.flag), how)


def _measured(content: bytes, format_: str, how: How) -> Read | Failure:
    outcome = _reader(format_, how)(content)
    if isinstance(outcome, Failure):
        return outcome
    try:
        expected = second_text(content, format_)
    except MemoryError:
        raise
    except Exception:  # What only the second reader stumbles over is no fault of the file.
        expected = None
    return Read(outcome) if expected is None else _completed(outcome, expected, how)


def _reader(format_: str, how: How) -> Callable[[bytes], list[Raw] | Failure]:
    """The chosen one where it reads this format, else the format's own."""
    if how.reader == kreuzberg_reader.NAME and format_ in kreuzberg_reader.MEDIA_TYPES:
        return partial(kreuzberg_reader.read_with_kreuzberg, format_)
    return _READERS[format_]


def _completed(elements: list[Raw], expected: str, how: How) -> Read:
    """With what only the second reader found at the end, where that is more than a difference of opinion about words."""
    share = coverage((one.text for one in elements), expected)
    if share is None or share >= _WHOLE:
        return Read(elements, share)
    lines = missing_lines((one.text for one in elements), expected)
    elements = [*elements, *(Raw("text", line, reader=SECOND) for line in lines)]
    flag = Failure(
        "parse.completed",
        f"{1 - share:.1%} of its text was found by a second reader only; it stands at the end, under no title",
        "Nothing, if its place does not matter. Else save it in another format.",
    )
    return Read(elements, coverage((one.text for one in elements), expected), flag if share < how.flag_coverage else None)


def _judged(found: Read, how: How) -> Read | Failure:
    """Quarantined or flagged where too little of what a second reader finds came out."""
    if found.coverage is None or found.coverage >= how.flag_coverage:
        return found
    if found.coverage < how.min_coverage:
        return Failure(
            "parse.incomplete",
            f"{found.coverage:.1%} of its text came out, by the count of a second reader",
            "Save it in another format, or lower `parsing.min_coverage` and ingest with --retry-quarantined.",
        )
    flag = Failure(
        "parse.partly",
        f"{found.coverage:.1%} of its text came out, by the count of a second reader",
        "Compare it with: ragkeep show URI --text. If much is missing, save it in another format.",
    )
    return Read(found.elements, found.coverage, found.flag or flag)


def _describe(error: Exception) -> str:
    """The library's own words where they are about structure, without what they quote."""
    name = type(error).__name__
    if type(error).__module__.partition(".")[0] not in _TRUSTED:
        return name
    words = re.sub(r"""(['"`]).*?\1""", "…", str(error).partition("\n")[0])
    return f"{name}: {words[:120]}" if words else name


def _sounded(one: Raw, sound: Callable[[str], str]) -> Raw:
    links = tuple(Link(sound(link.text), sound(link.target)) for link in one.links if _leads_out(link))
    return one._replace(text=sound(one.text), html=one.html and sound(one.html), above=sound(one.above), links=links)


def _leads_out(link: Link) -> bool:
    """Not to a place in the document, and no program or picture that is written into its own address."""
    return 0 < len(link.target) <= _LONGEST_TARGET and not link.target.lower().startswith(("#", "data:", "javascript:"))


def _sound(reading: Callable[[str], str], text: str) -> str:
    """In Unicode, without NUL and without half characters, which no table and no index can hold."""
    return reading(text).replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
