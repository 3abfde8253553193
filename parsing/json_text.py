"""JSON and lines of JSON: an element for every record, its values under their names."""

import json
from collections.abc import Iterator

from contracts.results import Failure
from parsing.decode import decode
from parsing.headings import Raw

_DEEPEST = 100


def read_json(content: bytes, /) -> list[Raw] | Failure:
    """One element for each line of JSON lines, for each member of a list, and else for each member of the object.

    An element has a line for each value, after the names that lead to it: `address.city: Hue`. Every name and value is in the text; of the
    values `null` none, of numbers the digits that stand in the file.
    """
    text = decode(content)
    if isinstance(text, Failure):
        return text
    try:
        records = _records(_load(text))
    except ValueError:
        records = [_load(line) for line in text.splitlines() if line.strip()]
    return [Raw("text", "\n".join(lines)) for record in records if (lines := list(_lines(record, "", 0)))]


def _load(text: str) -> object:
    return json.loads(text, parse_float=str, parse_int=str)


def _records(value: object) -> list[object]:
    if isinstance(value, list):
        return value
    return [{name: one} for name, one in value.items()] if isinstance(value, dict) else [value]


def _lines(value: object, name: str, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _lines(one, f"{name}.{key}" if name else key, depth + 1)
    elif isinstance(value, list):
        for one in value:
            yield from _lines(one, name, depth + 1)
    elif value is not None:
        said = str(value).lower() if isinstance(value, bool) else str(value)
        yield f"{name}: {said}" if name else said
