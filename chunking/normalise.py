"""The form in which two chunks that say the same are the same text."""

import polars as pl

_MINUS = (r"(^|\s)[-‐‑–](\p{N})", "${1}\u2212${2}")
"""The sign of a number is not punctuation."""
_INNER = r"[.,:/\-]"
_LETTER = r"[^\p{P}\p{Z}\p{C}]"
_WORD = rf"{_LETTER}*\p{{N}}{_INNER}(?:\p{{N}}(?:{_LETTER}*\p{{N}})?{_INNER})*\p{{N}}{_LETTER}*|{_LETTER}+"
"""A run of letters, digits and symbols; between two digits a separator belongs to the number, so 3-5 is not 3.5 and 1,000 not 1.000."""


def normalise(text: pl.Expr, /) -> pl.Expr:
    """Equal for texts that differ only in case, in compatibility forms (NFKC), in white space and in punctuation.

    Digits, their signs and symbols stay, so `-5 €` is not `5 $`. Where nothing else stays, the punctuation does: `?!` is not `...`.
    """
    # What is mute is told from the text as it is, so that each text is folded once.
    mute = _folded(pl.when(~text.str.contains(_LETTER)).then(text)).str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.coalesce(mute, _folded(text).str.extract_all(_WORD).list.join(" "))


def _folded(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKC").str.to_lowercase().str.replace_all(*_MINUS)
