"""Taking out of what a store found whatever was refused since the index was last written."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from contracts.terms import LawfulBasis
from retrieval.ports import Standing, Suppressible

_COLUMNS: tuple[tuple[Suppressible, str], ...] = (("document", "document_id"), ("version", "version_id"), ("source", "source_id"))


def withhold(found: pl.DataFrame, standing: Standing, /, *, purpose: str, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(kept, withheld): each found row is in exactly one, in its order; `rule` says why a withheld one is, `erased` or `withdrawn`.

    A row falls with its document, version, source or any of its people; where the basis is consent, also with anyone who withdrew.
    """
    judged = found.with_columns(
        rule=pl.when(_erased(found, standing))
        .then(pl.lit("erased"))
        .when(_withdrawn(found, standing, purpose, now))
        .then(pl.lit("withdrawn"))
        .otherwise(None)
    )
    kept = judged.filter(pl.col("rule").is_null()).drop("rule")
    return kept, judged.filter(pl.col("rule").is_not_null())


def _erased(found: pl.DataFrame, standing: Standing) -> pl.Expr:
    rows = [pl.col(column).is_in(standing.suppressed(set(found[column]), kind)) for kind, column in _COLUMNS]
    people = standing.suppressed(_people(found["subject_keys"]), "subject")
    return pl.any_horizontal(*rows, _names_any(people))


def _withdrawn(found: pl.DataFrame, standing: Standing, purpose: str, now: datetime) -> pl.Expr:
    by_consent = found.filter(pl.col("lawful_basis") == LawfulBasis.CONSENT.value)
    refused: list[pl.Expr] = [pl.lit(False)]
    for source_id in by_consent["source_id"].unique().sort():
        people = _people(by_consent.filter(pl.col("source_id") == source_id)["subject_keys"])
        left = standing.withdrawn(people, purpose, now, source_id=source_id)
        refused.append((pl.col("source_id") == source_id) & _names_any(left))
    return (pl.col("lawful_basis") == LawfulBasis.CONSENT.value) & pl.any_horizontal(*refused)


def _people(subject_keys: pl.Series) -> set[str]:
    return set(subject_keys.explode(empty_as_null=True).drop_nulls())


def _names_any(people: Iterable[str]) -> pl.Expr:
    wanted = pl.lit(sorted(people), dtype=pl.List(pl.String))
    return pl.col("subject_keys").list.set_intersection(wanted).list.len() > 0
