"""Clean elements of many documents at once, in Polars."""

import polars as pl

from cleaning.boilerplate import is_boilerplate
from cleaning.normalise import normalise
from configs.settings import CleaningSettings
from contracts.ids import fingerprint
from contracts.tables import ELEMENT_SEPARATOR, Dropped, Element

RULES = 2
"""Raise it with every change of this package that changes an element."""
_FURNITURE = ("page_number", "header", "footer")
_HIDDEN = ("off_page", "duplicate")
_BY_DOCUMENT = ["document_id", "version_id"]


def cleaning_fingerprint(how: CleaningSettings, /) -> str:
    """128 bits of the rules and every setting."""
    return fingerprint("cleaning", rules=RULES, **how.model_dump())


def clean(parsed: pl.DataFrame, how: CleaningSettings, /) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(Element, Dropped) of a ParsedElement frame: `kept.height + dropped.height == parsed.height`, each sorted by document and ordinal.

    `document_text(kept)[char_start:char_end] == text` for each kept element, in Unicode code points.
    Cleaning what was cleaned changes no text.
    """
    normal = parsed.sort("document_id", "version_id", "ordinal").with_columns(
        normalise("text", keep_spaces=pl.col("kind") == "code"), pl.col("html").str.normalize("NFC"), normalise("heading_path")
    )
    judged = normal.with_columns(rule=_rule(how))
    kept = judged.filter(pl.col("rule").is_null()).with_columns(_offsets())
    dropped = judged.filter(pl.col("rule").is_not_null()).with_columns(characters=pl.col("text").str.len_chars().cast(pl.Int64))
    return kept.select(Element.column_names()), dropped.select(Dropped.column_names())


def document_text(elements: pl.DataFrame, /) -> pl.DataFrame:
    """One row a document: `document_id`, `version_id`, and the `text` that its elements' offsets point into."""
    ordered = elements.sort("document_id", "version_id", "ordinal")
    return ordered.group_by(_BY_DOCUMENT, maintain_order=True).agg(pl.col("text").str.join(ELEMENT_SEPARATOR))


def _rule(how: CleaningSettings) -> pl.Expr:
    """The first rule that an element falls to, or null."""
    weighty = pl.col("text").str.count_matches(r"[\p{L}\p{N}]") >= how.min_characters
    return (
        pl.when(pl.col("text") == "")
        .then(pl.lit("clean.empty"))
        .when(pl.col("kind").is_in(_HIDDEN))
        .then(pl.format("clean.{}", "kind"))
        .when(pl.col("kind").is_in(_FURNITURE))
        .then(pl.lit("clean.page_furniture"))
        .when(is_boilerplate(how.boilerplate_pages))
        .then(pl.lit("clean.boilerplate"))
        .when(~weighty)
        .then(pl.lit("clean.too_short"))
    )


def _offsets() -> list[pl.Expr]:
    length = pl.col("text").str.len_chars().cast(pl.Int64)
    end = (length + len(ELEMENT_SEPARATOR)).cum_sum().over(_BY_DOCUMENT) - len(ELEMENT_SEPARATOR)
    return [(end - length).alias("char_start"), end.alias("char_end")]
