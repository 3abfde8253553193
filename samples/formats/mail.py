"""E-mails."""

from email.message import EmailMessage
from email.policy import SMTP

from formats.sample import Sample
from formats.web import html_of, write_text


def write_mail(sample: Sample) -> bytes:
    """An .eml with the headers of the front matter, the text as plain text and as HTML, and its attachments."""
    message = EmailMessage(policy=SMTP)
    for name, value in sample.front["mail"].items():
        message[name] = value
    message.set_content(write_text(sample).decode())
    message.add_alternative(html_of(sample.body), subtype="html")
    for name, text in sample.front.get("attachments", {}).items():
        message.add_attachment(text, subtype="csv" if name.endswith(".csv") else "plain", filename=name)
    _name_boundaries(message)
    return message.as_bytes()


def _name_boundaries(message: EmailMessage) -> None:
    """Python draws boundaries at random; ours are counted."""
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_bensen_{number}")
