"""The parser's twins in this process: plain text with `#` headings, for tests and for documents that nobody needs to be afraid of."""

from collections.abc import Iterable, Iterator

from configs.settings import ParsingSettings
from contracts.results import Failure
from contracts.tables import HEADING_SEPARATOR
from parsing.containers import unpack
from parsing.documents import Found, Parsed, ToParse, Unpacked
from parsing.unpack import limits_of, unpacked


def parse_plain(files: Iterable[ToParse], how: ParsingSettings, /) -> Iterator[Parsed]:
    """Exactly one Parsed for each file, in order, as `parse_files` promises: a title or a text per paragraph, or a failure."""
    for file in files:
        result = _refuse(file.content, how) or _elements(file.content)
        failure = result if isinstance(result, Failure) else None
        yield Parsed(file.document_id, file.version_id, () if isinstance(result, Failure) else result, failure)


def unpack_plain(files: Iterable[ToParse], how: ParsingSettings, /) -> Iterator[Unpacked]:
    """Exactly one Unpacked for each file, in order, as `unpack_files` promises, opened in this process."""
    for file in files:
        yield unpacked(file, unpack(file.content, file.name, limits_of(how)))


def _refuse(content: bytes, how: ParsingSettings) -> Failure | None:
    if not content:
        return Failure("file.empty", "0 bytes", "Put the document's content back, or take the file away.")
    if len(content) > how.max_file_mb * 1_000_000:
        detail = f"{len(content) / 1e6:.0f} MB, more than {how.max_file_mb} MB"
        return Failure("file.too_large", detail, "Split the file, or raise `parsing.max_file_mb`.")
    return None


def _elements(content: bytes) -> tuple[Found, ...] | Failure:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Failure("text.not_utf8", "bytes that are not UTF-8", "Save it as UTF-8 text.")
    found: list[Found] = []
    headings: list[str] = []
    for paragraph in filter(None, (part.strip() for part in text.split("\n\n"))):
        above = HEADING_SEPARATOR.join(headings)
        marks, _, title = paragraph.partition(" ")
        if title and set(marks) == {"#"}:
            headings[len(marks) - 1 :] = [title]
            found.append(Found("title", title, None, 0, above, ""))
        else:
            found.append(Found("text", paragraph, None, 0, above, ""))
    return tuple(found) or Failure("parse.no_text", "no text was found", "Check that the document is not blank.")
