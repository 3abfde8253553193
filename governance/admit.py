"""Which documents may be in the index, for which purposes, and why the others may not."""

import json
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from contracts.consent import REFUSALS, Consents, Refusal, why_refused
from contracts.ids import Identity
from contracts.terms import Classification, LawfulBasis
from governance.transfer import Rule, Transfer, transfer_rules

ADMITTED = (
    "document_id",
    "source_id",
    "uri",
    "title",
    "date",
    "purposes",
    "consent_state",
    "lawful_basis",
    "groups",
    "classification",
    "expires_at",
    "subject_keys",
    "access_key",
    "terms_hash",
)

_VISIBLE = (
    "source_id",
    "uri",
    "title",
    "purposes",
    "consent_state",
    "lawful_basis",
    "access_key",
    "classification",
    "expires_at",
    "subject_keys",
)
"""What a reader can see or filter by; the order is part of `terms_hash`."""

_CONSENT = LawfulBasis.CONSENT.value


@dataclass(frozen=True, slots=True)
class Policy:
    """What an index is for, and where its texts go to be embedded: None where they stay on this machine."""

    purposes: tuple[str, ...]
    transfer: Transfer | None = None


def admit(
    documents: pl.DataFrame,
    consents: Consents,
    how: Policy,
    /,
    *,
    identity: Identity,
    suppressed: frozenset[str],
    now: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(admitted, refused): each of `documents` is in exactly one of them, in the order given. What nobody stated or knows is refused.

    `documents` are rows of `effective_terms`; `suppressed` holds ids of documents and versions and keys of people. A document is admitted
    for those purposes that nobody in it refuses on its basis: where that is consent, every person has granted them. Groups that nobody
    stated are no groups: everyone whose clearance reaches the classification. Where texts go to another machine, what may not be sent
    there is refused. Refused rows name the first rule of `_rules` that the document breaks.
    """
    judged = _judge_decisions(_prepare(documents, how.purposes), consents).with_columns(
        _first_broken(_rules(suppressed, how.transfer, now))
    )
    admitted = judged.filter(pl.col("rule").is_null())
    refused = judged.filter(pl.col("rule").is_not_null()).select("document_id", "rule", "detail")
    return _sign(admitted, identity).select(ADMITTED), refused


def _prepare(documents: pl.DataFrame, purposes: tuple[str, ...]) -> pl.DataFrame:
    """Lists sorted and without doubles, so that nothing depends on the order in which terms were written."""
    served = sorted(set(purposes))
    return documents.with_columns(
        pl.col("purposes", "subject_keys", "groups").list.drop_nulls().list.unique().list.sort(),
        pl.col("title").fill_null(""),
    ).with_columns(
        pl.col("subject_keys", "groups").fill_null(pl.lit([], dtype=pl.List(pl.String))),
        pl.col("purposes").list.set_intersection(pl.lit(served, dtype=pl.List(pl.String))).list.sort().alias("served"),
    )


def _judge_decisions(documents: pl.DataFrame, consents: Consents) -> pl.DataFrame:
    """With `allowed`, the purposes that may be served, and `against`, the gravest refusal of any; asked once a combination of people."""
    by = ["source_id", "lawful_basis", "served", "subject_keys"]
    asked = documents.select(by).unique(maintain_order=True)
    answers = [_judge_people(consents, *row) for row in asked.iter_rows()]
    judged = asked.with_columns(
        pl.Series("allowed", [allowed for allowed, _ in answers], dtype=pl.List(pl.String)),
        pl.Series("against", [against for _, against in answers], dtype=pl.String),
    )
    return documents.join(judged, on=by, how="left", nulls_equal=True, maintain_order="left")


def _judge_people(
    consents: Consents, source_id: str, lawful_basis: str | None, served: list[str] | None, people: list[str]
) -> tuple[list[str], Refusal | None]:
    answers = {
        purpose: why_refused(consents, people, purpose=purpose, source_id=source_id, lawful_basis=lawful_basis) for purpose in served or ()
    }
    against = max((answer for answer in answers.values() if answer), key=REFUSALS.index, default=None)
    return [purpose for purpose, answer in answers.items() if answer is None], against


def _rules(suppressed: frozenset[str], transfer: Transfer | None, now: datetime) -> list[Rule]:
    """The gravest first."""
    by_consent, none_allowed = pl.col("lawful_basis") == _CONSENT, pl.col("allowed").list.len() == 0
    refused = {why: none_allowed & (pl.col("against") == why) for why in REFUSALS}
    return [
        ("erasure.suppressed", _names_any(suppressed), "the document, its bytes or a person in it were erased"),
        ("terms.unreadable", pl.col("terms_problem").is_not_null(), pl.col("terms_problem")),
        ("terms.no_lawful_basis", ~pl.col("lawful_basis").is_in(list(LawfulBasis)), "nobody stated a lawful basis"),
        ("terms.no_classification", ~pl.col("classification").is_in(list(Classification)), "nobody stated a classification"),
        ("terms.no_purpose", pl.col("purposes").list.len() == 0, "nobody stated a purpose"),
        ("purpose.not_served", pl.col("served").list.len() == 0, "none of its purposes is one that this index serves"),
        (
            "consent.no_subject",
            by_consent & (pl.col("subject_keys").list.len() == 0),
            "it rests on consent, but names nobody who could give it",
        ),
        ("consent.restricted", refused["restricted"], "a person in it had the use of their data restricted"),
        ("consent.objected", refused["objected"], "a person in it objected to a use that rests on consent or on an interest"),
        ("consent.withdrawn", refused["withdrawn"], "a person in it withdrew consent"),
        ("consent.expired", refused["expired"], "a person's consent has ended"),
        ("consent.missing", none_allowed, "a person in it has not consented to what this index serves"),
        ("retention.no_date", pl.col("retention_days").is_not_null() & pl.col("date").is_null(), "it has a retention period, but no date"),
        ("retention.expired", (pl.col("expires_at") != 0) & (pl.col("expires_at") <= now.timestamp()), "it has expired"),
        *(transfer_rules(transfer) if transfer else ()),
    ]


def _names_any(suppressed: frozenset[str]) -> pl.Expr:
    erased = sorted(suppressed)
    return (
        pl.col("document_id").is_in(erased)
        | pl.col("version_id").is_in(erased)
        | pl.col("subject_keys").list.eval(pl.element().is_in(erased)).list.any()
    )


def _first_broken(rules: list[Rule]) -> list[pl.Expr]:
    broken = [(rule, breaks.fill_null(True), detail if isinstance(detail, pl.Expr) else pl.lit(detail)) for rule, breaks, detail in rules]
    return [
        pl.coalesce([pl.when(breaks).then(pl.lit(rule)) for rule, breaks, _ in broken]).alias("rule"),
        pl.coalesce([pl.when(breaks).then(detail) for _, breaks, detail in broken]).alias("detail"),
    ]


def _sign(admitted: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """With what the row is opened by (`access_key`) and what it says of its terms (`terms_hash`)."""
    consent = pl.when(pl.col("lawful_basis") == _CONSENT).then(pl.lit("granted")).otherwise(pl.lit("not_required"))
    stated = admitted.with_columns(pl.col("allowed").alias("purposes"), consent.alias("consent_state"))
    accesses = stated.select("groups", "classification", "purposes").iter_rows()
    keyed = stated.with_columns(pl.Series("access_key", [_access_key(identity, *access) for access in accesses], dtype=pl.String))
    hashes = [identity.content("terms", json.dumps(row, ensure_ascii=False)) for row in keyed.select(_VISIBLE).iter_rows()]
    return keyed.with_columns(pl.Series("terms_hash", hashes, dtype=pl.String))


def _access_key(identity: Identity, groups: list[str], classification: str, purposes: list[str]) -> str:
    return identity.access(tuple(groups), classification, tuple(purposes))
