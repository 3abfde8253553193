"""Outlook messages (.msg), as e-mail."""

import io

from contracts.results import Failure
from parsing.attachments import is_encrypted
from parsing.headings import Raw
from parsing.partition import from_html, read_txt


def read_msg(content: bytes, /) -> list[Raw] | Failure:
    """Subject as the title, other headers, the body; attachments are named, not read."""
    from oxmsg import Message

    message = Message.load(io.BytesIO(content))
    if is_encrypted(message):
        return Failure("mail.encrypted", "an encrypted Outlook message", "Decrypt it in Outlook and save it as .eml.")
    headers = {
        "From": message.sender,
        "To": ", ".join(one.email_address for one in message.recipients),
        "Date": message.sent_date.isoformat() if message.sent_date else None,
    }
    elements = [Raw("title", message.subject, depth=0)] if message.subject else []
    elements += [Raw("email_header", f"{name}: {value}") for name, value in headers.items() if value]
    body = from_html(message.html_body) if message.html_body else read_txt((message.body or "").encode())
    elements += [] if isinstance(body, Failure) else body
    names = [one.file_name or "attachment" for one in message.attachments]
    return elements + ([Raw("email_header", f"Attachments: {', '.join(names)}")] if names else [])
