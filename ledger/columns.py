"""The two databases' table collections, and the type of their moments."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, MetaData
from sqlalchemy.types import TypeDecorator

LEDGER = MetaData()
"""Tables of the ledger: in every backup."""
KEYS = MetaData()
"""Tables of the key store: a file of its own, left out of backups."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime, /) -> int:
    """Whole microseconds since 1970 UTC. A time without a zone is refused: the ledger takes moments, not wall clocks."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return (moment - _EPOCH) // _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """A moment as whole microseconds since 1970, which sort and compare the same in every database; aware and in UTC on the way out."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + value * _MICROSECOND
