"""The terms in force for each document: its source's, overridden key by key by its own."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
from pydantic import ValidationError

from configs.purposes import canonical_all
from contracts.ids import Identity
from contracts.terms import Terms
from governance.mentions import Mention, seal_mention

SEALED_SUBJECTS = "subject_keys"
"""Stands in stored terms in place of `subjects`, and holds keyed hashes of the people."""

SEALED_MENTIONS = "mention_keys"
"""Stands in stored terms in place of `mentions`, and holds keyed hashes of their words, by the keyed hash of the person."""

_TERMS: dict[str, pl.DataType] = {
    "title": pl.String(),
    "lawful_basis": pl.String(),
    "purposes": pl.List(pl.String()),
    "subject_keys": pl.List(pl.String()),
    "groups": pl.List(pl.String()),
    "classification": pl.String(),
    "jurisdiction": pl.String(),
    "date": pl.Date(),
    "retention_days": pl.Int64(),
    "expires_at": pl.Int64(),
    "terms_problem": pl.String(),
}

_KEPT = ("document_id", "version_id", "source_id", "uri")

_STATED = ("source_id", "terms", "terms_problem")


def effective_terms(manifest: pl.DataFrame, sources: Mapping[str, Terms], identity: Identity, /) -> pl.DataFrame:
    """One row a row of the manifest, in its order: ids, uri and the columns that `admit` judges; null where nobody stated anything.

    `named` has all the people who were stated, `subject_keys` those of them who were not left out; neither is ever null. `expires_at` is in
    seconds since 1970, 0 for never. Terms that cannot be read, or whose source nobody configured, give a `terms_problem` and nothing else.
    """
    distinct = manifest.select(_STATED).unique(maintain_order=True)
    rows = [_merge(source_id, stated, problem, sources, identity) for source_id, stated, problem in distinct.iter_rows()]
    merged = pl.DataFrame(rows, schema=_TERMS, orient="row")
    terms = pl.concat([distinct.rename({"terms_problem": "_problem"}), merged], how="horizontal")
    stated = manifest.select(*_KEPT, "redacted", "terms", pl.col("terms_problem").alias("_problem"))
    joined = stated.join(terms, on=["source_id", "terms", "_problem"], how="left", nulls_equal=True, maintain_order="left")
    left = pl.col("subject_keys").list.set_difference("redacted").list.sort()
    return joined.with_columns(left, named="subject_keys").drop("terms", "_problem", "redacted")


def expired(terms: pl.DataFrame, now: datetime, /) -> frozenset[str]:
    """Ids of the documents whose terms, as `effective_terms` gives them, have ended by now."""
    return frozenset(terms.filter(pl.col("expires_at").is_between(1, int(now.timestamp())))["document_id"])


def seal_subjects(terms: Mapping[str, Any], identity: Identity, /) -> dict[str, Any]:
    """Stated terms fit to be stored: people, and the words that name them, stand in it as sorted keyed hashes, all else as it was."""
    sealed = {name: value for name, value in terms.items() if name not in ("subjects", SEALED_SUBJECTS, "mentions")}
    if "mentions" in terms:
        sealed[SEALED_MENTIONS] = _seal_mentions(Terms(mentions=terms["mentions"]).mentions or {}, identity)
    if "subjects" in terms or SEALED_SUBJECTS in terms:
        named = {identity.subject(person) for person in Terms(subjects=terms.get("subjects")).subjects or ()}
        sealed[SEALED_SUBJECTS] = sorted(named.union(terms.get(SEALED_SUBJECTS) or ()))
    return sealed


def _seal_mentions(mentions: Mapping[str, tuple[str, ...]], identity: Identity) -> dict[str, list[list[Any]]]:
    sealed: dict[str, set[Mention]] = defaultdict(set)
    for person, texts in mentions.items():
        sealed[identity.subject(person)].update(filter(None, (seal_mention(text, identity) for text in texts)))
    return {person: [list(mention) for mention in sorted(sealed[person])] for person in sorted(sealed)}


def _merge(source_id: str, stated: str, problem: str | None, sources: Mapping[str, Terms], identity: Identity) -> tuple[Any, ...]:
    if problem is not None:
        return _unreadable(problem)
    if source_id not in sources:
        return _unreadable(f'source "{source_id}" is not in the settings, so nobody answers for its terms')
    try:
        own = seal_subjects(json.loads(stated or "{}"), identity)
        subjects = own.pop(SEALED_SUBJECTS, None)
        own.pop(SEALED_MENTIONS, None)
        terms = sources[source_id].overridden_by(own)
        expiry = terms.expiry()
    except ValidationError as error:
        return _unreadable("; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False)))
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        return _unreadable(f"stored terms cannot be read ({type(error).__name__})")
    if subjects is None:
        subjects = sorted({identity.subject(person) for person in terms.subjects or ()})
    return (
        terms.title,
        terms.lawful_basis,
        None if terms.purposes is None else canonical_all(terms.purposes),
        subjects,
        terms.groups,
        terms.classification,
        terms.jurisdiction,
        terms.date,
        terms.retention_days,
        max(1, int(expiry.timestamp())) if expiry else 0,  # 0 means never, so an expiry in 1970 must not become it
        None,
    )


def _unreadable(problem: str) -> tuple[Any, ...]:
    return (*(None,) * 3, [], *(None,) * 5, 0, problem)
