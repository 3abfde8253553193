"""Taking out of what a store found whatever was refused since the index was last written."""

from collections.abc import Iterable
from datetime import datetime

import polars as pl

from contracts.consent import why_refused
from retrieval.ports import Standing, Suppressible

_COLUMNS: tuple[tuple[Suppressible, str], ...] = (("document", "document_id"), ("version", "version_id"), ("source", "source_id"))


def withhold(found: pl.DataFrame, standing: Standing, /, *, purpose: str, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(kept, withheld): each found row is in exactly one, in its order; `rule` says why a withheld one is: `erased`, or a Refusal.

    A row falls with its document, version, source or any of its people, and with anyone in it who refuses this purpose on the row's
    basis, by the rule of admission: what the index was filled with is no reason to show it.
    """
    refused = _refused(found, standing, purpose, now)
    judged = found.with_columns(rule=pl.when(_erased(found, standing)).then(pl.lit("erased")).otherwise(refused))
    kept = judged.filter(pl.col("rule").is_null()).drop("rule")
    return kept, judged.filter(pl.col("rule").is_not_null())


def _erased(found: pl.DataFrame, standing: Standing) -> pl.Expr:
    rows = [pl.col(column).is_in(standing.suppressed(set(found[column]), kind)) for kind, column in _COLUMNS]
    people = standing.suppressed(_people(found["subject_keys"]), "subject")
    return pl.any_horizontal(*rows, _names_any(people))


def _refused(found: pl.DataFrame, standing: Standing, purpose: str, now: datetime) -> pl.Series:
    decided = standing.decided(_people(found["subject_keys"]), now)
    rows = found.select("source_id", "lawful_basis", "subject_keys").iter_rows()
    refusals = [why_refused(decided, people, purpose=purpose, source_id=source_id, lawful_basis=basis) for source_id, basis, people in rows]
    return pl.Series(refusals, dtype=pl.String)


def _people(subject_keys: pl.Series) -> set[str]:
    return set(subject_keys.explode(empty_as_null=True).drop_nulls())


def _names_any(people: Iterable[str]) -> pl.Expr:
    wanted = pl.lit(sorted(people), dtype=pl.List(pl.String))
    return pl.col("subject_keys").list.set_intersection(wanted).list.len() > 0
