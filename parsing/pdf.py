"""PDF page by page: the reader that finds more of a page gives its elements, and a page that has no text goes to text recognition.

pypdfium2 reads the text layer; pdfminer counts letters beside it. Where pypdfium2 has clearly fewer of them, unstructured reads the page
too, and the fuller of both wins.
"""

import io
import re
from collections.abc import Sequence
from typing import Any

import pypdfium2  # type: ignore[import-untyped]

from contracts.results import Failure
from parsing import ocr
from parsing.headings import Box, Raw
from parsing.partition import as_raw
from parsing.pdf_layer import Page, Table, paragraphs, read_page
from parsing.pdf_letters import Drawn, Letters, letters_of, read_drawn, share_of_letters
from parsing.pdf_tables import LEAST_STROKES, read_tables
from parsing.reading import How, Read

_ENOUGH = 0.9
"""Share of the counted letters below which a page is read by unstructured as well."""
_COUNTED = 10_000
"""Objects on a page above which its letters are not counted: it is a drawing, and the count would take minutes."""
_UNREADABLE = re.compile("[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_PICTURE = 0.1
"""Share of a page without text that pictures cover, from which it is a scan."""
_DRAWN = 100
"""So many objects on a page without text may be letters drawn as outlines."""


def read_pdf(content: bytes, how: How, /) -> Read | Failure:
    """Elements of every page with the name of their reader and their place; what lies off the page is named as such."""
    opened = _open(content, how.passwords)
    if isinstance(opened, Failure):
        return opened
    document, content = opened
    with document:
        pages = [_legible(_read_and_close(page)) for page in document]
        drawings = {number for number, page in enumerate(pages) if page.objects > _COUNTED}
        counted = read_drawn(content, drawings)
        elements = paragraphs(pages, _tables(document, pages, counted))
        poor = [number for number, _ in enumerate(pages) if _is_poor(elements[number], _of(counted, number))]
        if poor:
            _take_fuller(elements, content, counted, poor)
        unread = [number for number, page in enumerate(pages) if not elements[number] and _is_pictured(page)]
        recognised = _recognise(document, unread, how) if unread else {}
    for number, found in recognised.items():
        elements[number] = found
    left = [number for number in unread if number not in recognised]
    if left and not any(elements):
        return _scan(len(pages))
    return Read([one for page in elements for one in page], _coverage(elements, counted, recognised), _flag(len(left), len(pages)))


def _open(content: bytes, passwords: Sequence[str]) -> tuple[Any, bytes] | Failure:
    """The open document and its bytes, unlocked by the first password that fits."""
    for password in (None, *passwords):
        try:
            document = pypdfium2.PdfDocument(content, password=password)
        except pypdfium2.PdfiumError as error:
            if "password" not in str(error).lower():
                return Failure("file.corrupt", f"pdf: {error}", "Fetch the file again, or print it to a new PDF.")
            continue
        if len(document) == 0:
            return Failure("file.corrupt", "pdf: no pages", "Fetch the file again, or print it to a new PDF.")
        return document, content if password is None else _unlocked(content, password)
    tried = f", and none of the {len(passwords)} passwords of its source opens it" if passwords else ""
    return Failure(
        "pdf.encrypted",
        f"a PDF locked with a password{tried}",
        "Put the password into the file that `password_file` of its source names and ingest with --retry-quarantined, or take it off.",
    )


def _unlocked(content: bytes, password: str) -> bytes:
    import pikepdf

    unlocked = io.BytesIO()
    with pikepdf.open(io.BytesIO(content), password=password) as pdf:
        pdf.save(unlocked)
    return unlocked.getvalue()


def _read_and_close(page: Any) -> Page:
    try:
        return read_page(page)
    finally:
        page.close()


def _tables(document: Any, pages: Sequence[Page], counted: Sequence[Drawn | None]) -> dict[int, list[Table]]:
    """By the number of their page, from one."""
    found = {}
    for number, (read, drawn) in enumerate(zip(pages, counted, strict=False)):
        if not drawn or not read.lines or len(drawn.strokes) < LEAST_STROKES:
            continue
        page = document[number]
        try:
            found[number + 1] = read_tables(page, read, number + 1, drawn.strokes)
        finally:
            page.close()
    return found


def _legible(page: Page) -> Page:
    """Without a text layer that is mostly signs nobody can read, as of fonts that do not say which letters they draw."""
    if 2 * len(_UNREADABLE.findall(page.text)) <= len("".join(page.text.split())):
        return page
    return Page(page.width, page.height, "", (), page.objects, 1.0)


def _of(counted: Sequence[Drawn | None], number: int) -> Letters | None:
    drawn = counted[number] if number < len(counted) else None
    return drawn.letters if drawn else None


def _is_poor(elements: list[Raw], expected: Letters | None) -> bool:
    if not expected:
        return False
    kept, wanted = share_of_letters(letters_of(_text(elements)), expected)
    return kept < _ENOUGH * wanted


def _take_fuller(elements: list[list[Raw]], content: bytes, counted: Sequence[Drawn | None], poor: Sequence[int]) -> None:
    """Each poor page's elements become unstructured's where those have more of the counted letters."""
    others = _partition(content)
    for number in poor:
        expected = _of(counted, number) or Letters()
        other = [one for one in others if one.page == number + 1]
        shown = [one for one in other if one.kind not in HIDDEN]
        if share_of_letters(letters_of(_text(shown)), expected) > share_of_letters(letters_of(_text(elements[number])), expected):
            elements[number] = other


HIDDEN = ("off_page", "duplicate")
"""Kinds of what nobody sees who looks at the page: cleaning drops it by that name."""


def _partition(content: bytes) -> list[Raw]:
    from unstructured.partition import pdf as unstructured_pdf

    unstructured_pdf.is_pdf_too_complex = _never  # One such page would cost all others; here it costs itself.
    try:
        found = unstructured_pdf.partition_pdf(file=io.BytesIO(content), strategy="fast", languages=["eng"])
    except MemoryError:
        raise
    except Exception:
        return []  # The text layer stands.
    seen: set[tuple[str, int, Box | None]] = set()
    return [_placed(raw, element, seen) for raw, element in zip(as_raw(found, pages=True), found, strict=True)]


def _never(*_: object, **__: object) -> bool:
    return False


def _placed(raw: Raw, element: Any, seen: set[tuple[str, int, Box | None]]) -> Raw:
    box, off_page = _place(element)
    said = (raw.text, raw.page, box)
    kind = "off_page" if off_page else "duplicate" if box and said in seen else raw.kind
    seen.add(said)
    return raw._replace(kind=kind, reader="unstructured", box=box)


def _place(element: Any) -> tuple[Box | None, bool]:
    """Where it stands, in shares of the page, and whether no reader of the page could see any of it."""
    place = element.metadata.coordinates
    if place is None or not place.points or place.system is None:
        return None, False
    across, down = ([point[axis] / size for point in place.points] for axis, size in enumerate((place.system.width, place.system.height)))
    off_page = max(across) <= 0 or min(across) >= 1 or max(down) <= 0 or min(down) >= 1
    left, top, right, bottom = (round(min(max(edge, 0.0), 1.0), 4) for edge in (min(across), min(down), max(across), max(down)))
    return (left, top, right, bottom), off_page


def _is_pictured(page: Page) -> bool:
    return page.pictures >= _PICTURE or page.objects >= _DRAWN


def _recognise(document: Any, numbers: Sequence[int], how: How) -> dict[int, list[Raw]]:
    """What text recognition reads on these pages; none where it is not installed."""
    languages = ocr.installed(how.ocr_languages)
    if not languages:
        return {}
    how.more_time(ocr.SECONDS_A_PAGE * len(numbers))
    return {number: ocr.recognise(_render(document, number), number + 1, languages) for number in numbers}


def _render(document: Any, number: int) -> Any:
    page = document[number]
    scale = min(ocr.DOTS_PER_INCH / 72, ocr.MOST_DOTS_A_SIDE / max(*page.get_size(), 1))
    try:
        return page.render(scale=scale).to_pil().copy()
    finally:
        page.close()


def _scan(pages: int) -> Failure:
    number = f"{pages} page" + ("" if pages == 1 else "s")
    return Failure(
        "pdf.no_text_layer",
        f"{number}, no text layer: a scan, and text recognition is not installed",
        "Install it (sh scripts/install_system_packages.sh) and ingest again, or put a PDF with text in its place.",
    )


def _flag(left: int, pages: int) -> Failure | None:
    if not left:
        return None
    return Failure(
        "parse.pages_unread",
        f"{left} of {pages} pages are pictures, and text recognition is not installed",
        "Install it (sh scripts/install_system_packages.sh), then run: ragkeep backfill.",
    )


def _coverage(elements: list[list[Raw]], counted: Sequence[Drawn | None], recognised: dict[int, list[Raw]]) -> float | None:
    """Letters found over letters counted, on all pages that were counted and are no pictures."""
    shares = [
        share_of_letters(letters_of(_text(page)), expected)
        for number, page in enumerate(elements)
        if (expected := _of(counted, number)) and number not in recognised
    ]
    wanted = sum(wanted for _, wanted in shares)
    return sum(kept for kept, _ in shares) / wanted if wanted else None


def _text(elements: Sequence[Raw]) -> str:
    return "\n".join(one.text for one in elements if one.kind not in HIDDEN)
