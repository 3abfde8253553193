"""What a file is: its bytes decide where they can, its name where they cannot."""

import io
import zipfile
from pathlib import PurePosixPath

from contracts.results import Failure
from parsing.archive import CONTENTS, is_archive

_BY_NAME = {
    **dict.fromkeys((".txt", ".text", ".log"), "txt"),
    **dict.fromkeys((".md", ".markdown"), "md"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
    **dict.fromkeys((".eml",), "eml"),
    **dict.fromkeys((".xml",), "xml"),
    **dict.fromkeys((".org",), "org"),
    **dict.fromkeys((".rst",), "rst"),
    **dict.fromkeys((".adoc", ".asciidoc"), "asciidoc"),
    **dict.fromkeys((".tex",), "latex"),
    **dict.fromkeys((".ipynb",), "ipynb"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json"),
}
MARKUP = ("org", "rst", "asciidoc", "latex", "ipynb", "rtf")
"""What pandoc reads."""
_OFFICE_PARTS = {"word/": "docx", "ppt/": "pptx", "xl/": "xlsx"}
_ZIP_TYPES = {
    b"application/epub+zip": "epub",
    b"application/vnd.oasis.opendocument.text": "odt",
    b"application/vnd.oasis.opendocument.spreadsheet": "ods",
    b"application/vnd.oasis.opendocument.presentation": "odp",
}
LOCKED = Failure(
    "office.encrypted",
    "an Office file locked with a password",
    "Take the password off, or put a readable copy in its place.",
)
_OLE_FORMATS = {"WordDocument": "doc", "PowerPoint Document": "ppt", "Workbook": "xls"}
_SIGNATURES = {
    CONTENTS: "archive",
    b"{\\rtf": "rtf",
    **dict.fromkeys((b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"), "image"),
}
_MEDIA = {
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"ID3": "an audio file",
    b"OggS": "an audio file",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
}
_FORMATS = "one of the formats of docs/formats.md"
_MAX_RATIO = 200
_MAX_UNPACKED = 2_000_000_000
_SMALL_UNPACKED = 50_000_000


def detect_format(content: bytes, name: str, /) -> str | Failure:
    """One of the formats above, or why it is none of them. Never unpacks anything."""
    suffix = PurePosixPath(name.lower()).suffix
    if content.startswith(b"PK\x03\x04") or content.startswith(b"PK\x05\x06"):
        return _inside_zip(content)
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _inside_ole(content)
    if is_archive(content):
        return "archive"
    if b"%PDF-" in content[:1024]:  # Asked after archives, whose first member may be a PDF.
        return "pdf"
    return _by_signature(content) or _BY_NAME.get(suffix) or _from_text(content, suffix)


def unsupported(what: str, /) -> Failure:
    return Failure("format.unsupported", what, f"Save it as {_FORMATS}, or leave it out with `exclude`.")


def _by_signature(content: bytes) -> str | Failure | None:
    known = next((format_ for magic, format_ in _SIGNATURES.items() if content.startswith(magic)), None)
    return known or next((unsupported(what) for magic, what in _MEDIA.items() if content.startswith(magic)), None)


def _inside_zip(content: bytes) -> str | Failure:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            kind = archive.open("mimetype").read(100).strip() if "mimetype" in archive.namelist() else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        return Failure(
            "file.corrupt",
            "a ZIP container (docx, pptx, xlsx, epub, odt) that cannot be opened",
            "Fetch the file again, or save it anew in its program.",
        )
    names = {member.filename for member in members}
    parts = [format_ for folder, format_ in _OFFICE_PARTS.items() if any(one.startswith(folder) for one in names)]
    is_office = "[Content_Types].xml" in names
    if not is_office and not kind.startswith(b"application/"):
        return "archive"
    unpacked = sum(member.file_size for member in members)
    if unpacked > _MAX_UNPACKED or (unpacked > _SMALL_UNPACKED and unpacked > _MAX_RATIO * len(content)):
        return Failure(
            "file.too_large",
            f"unpacks to {unpacked / 1e6:.0f} MB from {len(content) / 1e6:.1f} MB",
            "Check where it comes from; split it if it is honest.",
        )
    if kind in _ZIP_TYPES:
        return _ZIP_TYPES[kind]
    if is_office and parts:
        return parts[0]
    return unsupported("an OpenDocument or Office drawing or the like")


def _inside_ole(content: bytes) -> str | Failure:
    if "__properties_version1.0".encode("utf-16-le") in content:
        return "msg"
    if "EncryptedPackage".encode("utf-16-le") in content:
        return LOCKED
    for stream, format_ in _OLE_FORMATS.items():
        if stream.encode("utf-16-le") in content:
            return format_
    return unsupported("an Office file before 2007")


def _from_text(content: bytes, suffix: str) -> str | Failure:
    head = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "html"
    if head.startswith(b"<?xml"):
        return "xml"
    if suffix in ("", ".1st", ".me"):
        return "txt" if b"\0" not in content[:8192] else unsupported("unknown binary data")
    return unsupported(f"a {suffix} file")
