"""E-mail: who, when and about what, then the text parts in their order."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

from contracts.results import Failure
from parsing.attachments import is_attached, readable_eml
from parsing.decode import decode
from parsing.headings import Raw
from parsing.partition import from_html, read_txt

_HEADERS = ("From", "To", "Cc", "Date")


def read_eml(content: bytes, /) -> list[Raw] | Failure:
    """Subject as the title, other headers, text parts. Of alternatives the HTML one is read; attachments are named, not read."""
    plain = readable_eml(content)
    return plain if isinstance(plain, Failure) else list(_elements(message_from_bytes(plain, policy=policy.default)))


def _elements(message: EmailMessage) -> Iterator[Raw]:
    subject = _header(message, "Subject")
    if subject:
        yield Raw("title", subject, depth=0)
    for name in _HEADERS:
        if value := _header(message, name):
            yield Raw("email_header", f"{name}: {value}")
    attachments: list[str] = []
    yield from _parts(message, attachments)
    if attachments:
        yield Raw("email_header", f"Attachments: {', '.join(attachments)}")


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message[name] or "").split())
    except (ValueError, AttributeError, IndexError, TypeError):  # The standard library stumbles over some malformed headers.
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return " ".join(str(raw).split())


def _parts(part: EmailMessage, attachments: list[str]) -> Iterator[Raw]:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        for inner in part.iter_parts():
            yield from _elements(inner)  # type: ignore[arg-type]
    elif kind == "multipart/alternative":
        yield from _best([_whole(one, attachments) for one in part.iter_parts()])  # type: ignore[arg-type]
    elif part.is_multipart():
        for one in part.iter_parts():
            yield from _parts(one, attachments)  # type: ignore[arg-type]
    elif is_attached(part):
        attachments.append(part.get_filename() or kind)
    else:
        yield from _text(part)


def _whole(part: EmailMessage, attachments: list[str]) -> list[Raw]:
    return list(_parts(part, attachments))


def _best(alternatives: list[list[Raw]]) -> list[Raw]:
    """The last that has text: senders put the richest last."""
    return next((one for one in reversed(alternatives) if any(raw.text.strip() for raw in one)), [])


def _text(part: EmailMessage) -> list[Raw]:
    data = part.get_payload(decode=True)
    content = data if isinstance(data, bytes) else b""
    try:
        text = content.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeDecodeError):
        decoded = decode(content)
        text = content.decode("latin-1") if isinstance(decoded, Failure) else decoded
    if part.get_content_subtype() == "html":
        return from_html(text)
    elements = read_txt(text.encode("utf-8", "replace"))
    return [] if isinstance(elements, Failure) else elements
