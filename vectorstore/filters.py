"""Filter expressions of Milvus, with literals that say what they mean whatever stands in them."""

from collections.abc import Iterable

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def literal(value: str, /) -> str:
    """`value` as a quoted literal: five characters escaped, the rest as raw UTF-8. What `json.dumps` writes is read wrongly by Milvus."""
    return f'"{value.translate(_ESCAPES)}"'


def one_of(column: str, values: Iterable[str], /) -> str:
    """True where `column` is one of `values`, of which there must be one at least."""
    return f"{column} in [{', '.join(literal(value) for value in values)}]"


def open_to(access_keys: Iterable[str], now: int, /) -> str:
    """True for the rows that these keys open and that have not expired at `now`, in seconds since 1970."""
    return f"{one_of('access_key', access_keys)} and (expires_at == 0 or expires_at > {now})"
