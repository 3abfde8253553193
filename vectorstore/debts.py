"""What a Milvus server still owes: it frees the bytes of a dropped collection when it likes, and says so to nobody.

What is owed must outlive this process, and stand where the rows stand. Every version of Milvus keeps aliases, so each mark is one more
alias of a collection:

    COLLECTION_soiled           rows left it: it must be copied and dropped
    COLLECTION_owed             another was, or is about to be, dropped
    COLLECTION_since_SECONDS    at this second of the server's clock every other had been dropped
"""

import re
import secrets
from contextlib import suppress
from typing import Any

from vectorstore.connection import SECONDS

SOILED, OWED = "soiled", "owed"


def mark(client: Any, name: str, what: str, /) -> None:
    """The mark stands at the collection when this returns."""
    if what not in marks(client, name):
        client.create_alias(name, f"{name}_{what}", timeout=SECONDS)


def marks(client: Any, name: str, /) -> set[str]:
    """What is marked at the collection."""
    aliases = client.list_aliases(name, timeout=SECONDS)["aliases"]
    return {alias.removeprefix(f"{name}_") for alias in aliases if alias.startswith(f"{name}_")}


def owed_since(client: Any, name: str, /) -> list[int]:
    """Seconds since 1970, in order."""
    return sorted(int(what.removeprefix("since_")) for what in marks(client, name) if re.fullmatch(r"since_\d+", what))


def is_in_debt(client: Any, alias: str, name: str, frees_after: float | None, /) -> bool:
    """Whether bytes of what was dropped may be left, if the server frees them within `frees_after` seconds; None: nobody knows.

    What is owed without a date gets one, for all that was to be dropped is dropped by now; dates that have passed are taken away.
    """
    if OWED in marks(client, name):
        mark(client, name, f"since_{server_seconds(client, alias)}")
        client.drop_alias(f"{name}_{OWED}", timeout=SECONDS)
    since = owed_since(client, name)
    if not since or frees_after is None:
        return bool(since)
    now = server_seconds(client, alias)
    passed = [second for second in since if second + frees_after <= now]
    for second in passed:
        client.drop_alias(f"{name}_since_{second}", timeout=SECONDS)
    return len(passed) < len(since)


def carry_debts(client: Any, source: str, target: str, /) -> None:
    """What is owed stands at `target` too: undated, for its date begins anew with the drop that is to come."""
    if marks(client, source) - {SOILED}:
        mark(client, target, OWED)


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
