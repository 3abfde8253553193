"""Lines that a document repeats on its pages: letterheads, running titles, confidentiality notes."""

import polars as pl

_MIN_PAGES = 3
_MAX_CHARACTERS = 200
"""Longer than any running line; a whole paragraph that returns on each page is content until a person says otherwise."""
_LINES = ("text", "title", "list_item")


def is_boilerplate(share: float, /) -> pl.Expr:
    """True where an element's text, digits folded, stands on at least `share` of its document's pages and on three of them.

    Documents without pages have none. Digits are folded so that 'Page 3 of 9' is one line; a line of digits alone is not judged.
    """
    document = ["document_id", "version_id"]
    folded = pl.col("text").str.replace_all(r"\p{N}+", "0").str.to_lowercase()
    page = pl.col("page").replace(0, None)
    pages = page.n_unique().over(document) - page.is_null().any().over(document).cast(pl.UInt32)
    seen_on = page.n_unique().over([*document, folded]) - page.is_null().any().over([*document, folded]).cast(pl.UInt32)
    short = pl.col("text").str.len_chars() <= _MAX_CHARACTERS
    words = folded.str.contains(r"\p{L}")
    on_a_page = pl.col("page") > 0
    return on_a_page & short & words & pl.col("kind").is_in(_LINES) & (seen_on >= _MIN_PAGES) & (seen_on >= share * pages)
