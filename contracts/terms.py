"""The terms under which a document is held: whose it is, why it may be used, for what, by whom and for how long."""

import datetime as dt
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator


class LawfulBasis(StrEnum):
    """Why a document may be processed. Anything but `not_personal` says that it holds personal data."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_INTEREST = "public_interest"
    LEGITIMATE_INTEREST = "legitimate_interest"
    NOT_PERSONAL = "not_personal"


class Classification(StrEnum):
    """Who may see a document at most, from open to closed; `rank` orders them."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"

    @property
    def rank(self) -> int:
        return list(Classification).index(self)


def _one_or_many(value: Any) -> Any:
    """Let people write `groups: hr`, and `hr;legal` in a CSV cell."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(";") if part.strip())
    return value


def _read_json(value: Any) -> Any:
    """Let people write a mapping as JSON in a CSV cell."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else None
    except ValueError:
        raise ValueError('not a JSON object such as {"an@example.org": ["An Nguyen"]}') from None


def _empty_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Names = Annotated[tuple[str, ...] | None, BeforeValidator(_one_or_many)]

Jurisdiction = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True)]
"""Whose law applies, told apart by name alone: `vn` is VN, and DE is not EU."""


class Terms(BaseModel):
    """Terms as somebody stated them; None means "not stated". A later statement overrides an earlier one key by key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str | None = Field(None, description="shown with every hit")
    owner: str | None = Field(None, description="who answers for the document")
    licence: str | None = Field(None, description="licence or contract under which it is held")
    lawful_basis: Annotated[LawfulBasis | None, BeforeValidator(_empty_is_none)] = Field(
        None, description="why it may be processed; unstated means refused"
    )
    purposes: Names = Field(None, description="what it may be used for, in W3C DPV terms or your own; unstated means refused")
    subjects: Names = Field(None, description="the people it is about, by the identifier that your source uses")
    mentions: Annotated[dict[str, tuple[str, ...]] | None, BeforeValidator(_read_json)] = Field(
        None, description="how the text names each of the people, so that it can do without those who do not agree; JSON in a CSV cell"
    )
    groups: Names = Field(None, description="who may read it; empty means everyone whose clearance reaches the classification")
    classification: Annotated[Classification | None, BeforeValidator(_empty_is_none)] = Field(
        None, description="public, internal, confidential or restricted; unstated means refused"
    )
    jurisdiction: Annotated[Jurisdiction | None, BeforeValidator(_empty_is_none)] = Field(
        None, description="whose law applies, such as VN or EU; unstated means that nothing of it is sent to another machine"
    )
    date: Annotated[dt.date | None, BeforeValidator(_empty_is_none)] = Field(
        None, description="the document's own date: orders duplicates, starts retention"
    )
    retention_days: Annotated[int | None, BeforeValidator(_empty_is_none)] = Field(
        None, gt=0, description="days after `date` until it expires"
    )
    expires_at: Annotated[datetime | None, BeforeValidator(_empty_is_none)] = Field(
        None, description="the moment it expires (UTC unless it says otherwise)"
    )

    @field_validator("expires_at")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def stated(self) -> dict[str, Any]:
        """Only what was stated, as JSON values with sorted keys."""
        return dict(sorted(self.model_dump(mode="json", exclude_none=True).items()))

    def overridden_by(self, later: Mapping[str, Any]) -> "Terms":
        """These terms with every key of `later` in place of ours. Raises pydantic's ValidationError on what is not a term."""
        return Terms.model_validate({**self.stated(), **later})

    def expiry(self) -> datetime | None:
        """The earlier of `expires_at` and `date + retention_days`; None means never. `admit` refuses a retention without a date."""
        ends = [self.expires_at] if self.expires_at else []
        if self.retention_days and self.date:
            ends.append(datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC) + timedelta(days=self.retention_days))
        return min(ends, default=None)
