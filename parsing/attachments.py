"""What is attached to messages, apart from the message itself."""

import io
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import TYPE_CHECKING

from contracts.results import Failure
from parsing.decode import decode
from parsing.holding import Entry, Holding

if TYPE_CHECKING:
    from oxmsg import Message as OutlookMessage

_LONGEST_NAME = 200
_ATTACHED_DATA = "__substg1.0_3701"
"""Begins the names of the streams and storages that hold what is attached."""
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_EMBEDDED = Failure(
    "mail.embedded", "an Outlook item within another", "Save it as a message of its own, or as .eml, and put it beside the message."
)


def open_eml(content: bytes, /) -> Holding | Failure:
    """The attachments of the message and of those that were forwarded in it; what is kept has their headers, and nothing of them."""
    plain = readable_eml(content)
    if isinstance(plain, Failure):
        return plain
    message = message_from_bytes(plain, policy=policy.compat32)
    entries = []
    for part in message.walk():
        if is_attached(part) and part.get_content_type() not in _SIGNATURES:
            data = part.get_payload(decode=True)
            entries.append(_entry(_file_name(part), data if isinstance(data, bytes) else None))
            part.set_payload("")
    return Holding(message.as_bytes() if entries else content, entries)


def readable_eml(content: bytes, /) -> bytes | Failure:
    """The message's bytes, in UTF-8 where it was saved in UTF-16, which no mail program sends."""
    if b"\0" in content[:64] or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = decode(content)
        return text if isinstance(text, Failure) else text.encode()
    return content


def is_attached(part: Message, /) -> bool:
    """Whether a part is no text of the message, or is text under a file's name."""
    return not part.is_multipart() and (
        part.get_content_disposition() == "attachment" or part.get_content_maintype() != "text" or bool(part.get_filename())
    )


def open_msg(content: bytes, /) -> Holding:
    """The attachments of an Outlook message, none of an encrypted one; in what is kept their bytes are zeros.

    Messages, contacts and the like that Outlook attached in its own form are failures.
    """
    from olefile import OleFileIO  # type: ignore[import-untyped]
    from oxmsg import Message as Outlook

    opened = Outlook.load(io.BytesIO(content))
    if is_encrypted(opened):
        return Holding(content, [])
    entries = [_entry(attachment.file_name or "", attachment.file_bytes, _EMBEDDED) for attachment in opened.attachments]
    with OleFileIO(file := io.BytesIO(content), write_mode=True) as message:
        for path in message.listdir():
            if any(name.startswith(_ATTACHED_DATA) for name in path):
                message.write_stream(path, bytes(message.get_size(path)))
    return Holding(file.getvalue(), entries)


def is_encrypted(message: "OutlookMessage", /) -> bool:
    """Whether an Outlook message says nothing to whoever has no key."""
    kind = (message.message_headers.get("Content-Type") or "").lower()
    return "encrypted" in kind or message.message_class.endswith(".SMIME")


def _entry(name: str, data: bytes | None, otherwise: Failure | None = None) -> Entry:
    content = data or b""
    return Entry(_plain(name), len(content), lambda: content, None if data else otherwise)


def _file_name(part: Message) -> str:
    """As its sender named it, else by its type."""
    try:
        name = str(make_header(decode_header(part.get_filename() or "")))
    except (ValueError, LookupError, TypeError, AttributeError, HeaderParseError):  # The standard library stumbles over some names.
        name = ""
    return name or part.get_content_type().replace("/", ".")


def _plain(name: str) -> str:
    """The last part of an attachment's name, which may be a path on its sender's disk; never empty."""
    last = name.replace("\\", "/").replace("\0", "").rpartition("/")[2]
    return " ".join(last.split())[:_LONGEST_NAME] or "attachment"
