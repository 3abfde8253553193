"""Programs that some formats need, and which quarantined documents are worth another try now that one is there."""

import os
import shutil
from collections.abc import Collection

from configs.settings import ParsingSettings
from parsing import ocr

_NEEDS = {
    "format.needs_libreoffice": ("soffice", "libreoffice"),
    "ocr.not_installed": ("tesseract",),
    "pdf.no_text_layer": ("tesseract",),
}
"""Rule → programs of which one would have helped."""


def curable(rules: Collection[str], how: ParsingSettings, /) -> frozenset[str]:
    """Those of these rules of the quarantine that a document would no longer break: the program that it lacked is installed."""
    there = {rule for rule in {*rules} & {*_NEEDS} if any(shutil.which(program, path=os.defpath) for program in _NEEDS[rule])}
    return frozenset(rule for rule in there if "tesseract" not in _NEEDS[rule] or ocr.installed(how.ocr_languages))
