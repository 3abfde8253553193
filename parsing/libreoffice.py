"""Word and PowerPoint files from before 2007, by way of LibreOffice where it is installed."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from contracts.results import Failure
from parsing.headings import Raw
from parsing.partition import read_docx, read_pptx

_PROGRAMS = ("soffice", "libreoffice")
_FILTERS = {"doc": "MS Word 97", "ppt": "MS PowerPoint 97"}
"""Said, since LibreOffice opens what it cannot read as if it were plain text."""
_SAFE = (
    '<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="{}" oor:op="fuse"><value>{}</value></prop></item>'
)
_PROFILE = (
    '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    + _SAFE.format("MacroSecurityLevel", 3)
    + _SAFE.format("DisableMacrosExecution", "true")
    + _SAFE.format("BlockUntrustedRefererLinks", "true")
    + "</oor:items>"
)
"""No macro runs, and nothing is fetched that a document links to."""


def read_doc(content: bytes, /) -> list[Raw] | Failure:
    """A Word file from before 2007."""
    changed = _convert(content, "doc", "docx")
    return changed if isinstance(changed, Failure) else read_docx(changed)


def read_ppt(content: bytes, /) -> list[Raw] | Failure:
    """A PowerPoint file from before 2007; pages are slides."""
    changed = _convert(content, "ppt", "pptx")
    return changed if isinstance(changed, Failure) else read_pptx(changed)


def installed() -> str | None:
    """The program's path, where the child of a parser looks for it, whose environment names no other."""
    return next(filter(None, (shutil.which(program, path=os.defpath) for program in _PROGRAMS)), None)


def _convert(content: bytes, old: str, new: str) -> bytes | Failure:
    program = installed()
    if program is None:
        return Failure(
            "format.needs_libreoffice",
            f"an Office file from before 2007 (.{old}), and LibreOffice is not installed",
            "Install LibreOffice and ingest again, or save the file as .docx or .pptx.",
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = folder / "profile" / "user" / "registrymodifications.xcu"
        settings.parent.mkdir(parents=True)
        settings.write_text(_PROFILE, encoding="utf-8")
        source, target = folder / f"document.{old}", folder / "out" / f"document.{new}"
        source.write_bytes(content)
        profile = f"-env:UserInstallation=file://{folder / 'profile'}"
        call = [program, "--headless", "--norestore", profile, f"--infilter={_FILTERS[old]}", "--convert-to", new]
        call += ["--outdir", str(target.parent), str(source)]
        subprocess.run(call, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if not target.is_file():
            return Failure("file.corrupt", f"{old}: LibreOffice cannot open it", "Open the file in its program and save it anew.")
        return target.read_bytes()
