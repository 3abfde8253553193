"""Which quarantined documents are worth another try, now that the program that they lacked is there."""

from collections.abc import Callable, Collection
from functools import partial

from configs.settings import ParsingSettings
from parsing import libreoffice, ocr


def curable(rules: Collection[str], how: ParsingSettings, /) -> frozenset[str]:
    """Those of these rules of the quarantine that a document would no longer break: the program that it lacked is installed."""
    reads_pictures = partial(ocr.installed, how.ocr_languages)
    cures: dict[str, Callable[[], str | None]] = {
        "format.needs_libreoffice": libreoffice.installed,
        "ocr.not_installed": reads_pictures,
        "pdf.no_text_layer": reads_pictures,
    }
    return frozenset(rule for rule in {*rules} & {*cures} if cures[rule]())
