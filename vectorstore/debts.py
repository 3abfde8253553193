"""What a Milvus server still owes: it frees the bytes of a dropped collection when it likes, and says so to nobody.

What is owed must outlive this process, and stand where the rows stand. Every version of Milvus keeps aliases, so each mark is one more
alias of the live collection:

    ALIAS_soiled            rows left it: it must be copied and dropped
    ALIAS_owed              a collection before it was, or is about to be, dropped
    ALIAS_since_SECONDS     at this second of the server's clock every collection before it had been dropped
"""

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from vectorstore.connection import SECONDS

SOILED, OWED = "soiled", "owed"


@dataclass(frozen=True, slots=True)
class Debts:
    """The marks of the live collection, read from the server."""

    soiled: bool
    owed: bool
    since: tuple[int, ...]
    """Seconds since 1970, in order."""


def read_debts(client: Any, alias: str, name: str, /) -> Debts:
    """What stands at the collection `name` behind `alias`."""
    marks = set(client.list_aliases(name, timeout=SECONDS)["aliases"])
    since = [int(mark.rpartition("_")[2]) for mark in marks if re.fullmatch(re.escape(alias) + r"_since_\d+", mark)]
    return Debts(f"{alias}_{SOILED}" in marks, f"{alias}_{OWED}" in marks, tuple(sorted(since)))


def mark(client: Any, alias: str, name: str, what: str, /) -> None:
    """The mark stands at `name`, and at no other collection."""
    from pymilvus.exceptions import MilvusException  # type: ignore[import-untyped]

    try:
        client.create_alias(name, f"{alias}_{what}", timeout=SECONDS)
    except MilvusException:
        client.alter_alias(name, f"{alias}_{what}", timeout=SECONDS)


def is_in_debt(client: Any, alias: str, name: str, frees_after: float | None, /) -> bool:
    """Whether bytes of what was dropped may be left, if the server frees them within `frees_after` seconds; None: nobody knows.

    What is owed without a date gets one, for all that was to be dropped is dropped by now; dates that have passed are taken away.
    """
    if read_debts(client, alias, name).owed:
        mark(client, alias, name, f"since_{server_seconds(client, alias)}")
        client.drop_alias(f"{alias}_{OWED}", timeout=SECONDS)
    since = read_debts(client, alias, name).since
    if not since or frees_after is None:
        return bool(since)
    now = server_seconds(client, alias)
    passed = [second for second in since if second + frees_after <= now]
    for second in passed:
        client.drop_alias(f"{alias}_since_{second}", timeout=SECONDS)
    return len(passed) < len(since)


def carry_debts(client: Any, alias: str, source: str, target: str, /) -> None:
    """The dates move to the collection that takes the place of `source`."""
    for since in read_debts(client, alias, source).since:
        mark(client, alias, target, f"since_{since}")


def drop_collection(client: Any, name: str, /) -> None:
    """With the aliases at it, for newer servers refuse to drop a collection that has any."""
    for alias in client.list_aliases(name, timeout=SECONDS)["aliases"]:
        client.drop_alias(alias, timeout=SECONDS)
    client.drop_collection(name, timeout=SECONDS)


def server_seconds(client: Any, alias: str, /) -> int:
    """Seconds since 1970 by the server's own clock: it tells nobody but by the date of a collection, so one is made, asked and dropped."""
    name = f"{alias}_{secrets.token_hex(4)}"
    client.create_collection(name, schema=_smallest(client), timeout=SECONDS)
    try:
        return (int(client.describe_collection(name, timeout=SECONDS)["created_timestamp"]) >> 18) // 1_000
    finally:
        with suppress(Exception):  # a name of ours: whatever is left of it goes with the next purge
            client.drop_collection(name, timeout=SECONDS)


def _smallest(client: Any) -> Any:
    from pymilvus import DataType  # type: ignore[import-untyped]

    schema = client.create_schema(auto_id=True, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=2)
    return schema
