"""The form in which two chunks that say the same are the same text."""

import polars as pl

_MINUS = (r"(^|\s)[-‐‑–](\p{N})", "${1}\u2212${2}")
"""The sign of a number is not punctuation."""


def normalise(text: pl.Expr, /) -> pl.Expr:
    """Equal for texts that differ only in case, in compatibility forms (NFKC), in white space and in punctuation.

    Digits, their signs and symbols stay, so `-5 €` is not `5 $`. Where nothing else stays, the punctuation does: `?!` is not `...`.
    """
    folded = text.str.normalize("NFKC").str.to_lowercase().str.replace_all(*_MINUS)
    bare = folded.str.replace_all(r"[\p{P}\p{Z}\p{C}]+", " ").str.strip_chars()
    return pl.when(bare != "").then(bare).otherwise(folded.str.replace_all(r"\s+", " ").str.strip_chars())
