"""Terms stated beside documents: a sidecar file for one, a manifest for many. What cannot be read is never taken for "not stated"."""

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from pydantic import ValidationError

from contracts.results import Failure
from contracts.terms import Terms

_LARGEST = 16_384
"""Bytes of a sidecar."""

_DEEPEST = 3
"""Lists and mappings within each other; thousands would overflow the parser's stack and kill the process."""

_REMEDY = "Correct it and ingest again; until then the document is refused."


def merged_terms(statements: Sequence[tuple[Mapping[Any, Any], str]], /) -> dict[str, Any] | Failure:
    """The terms of (what was said, where) in canonical form, later ones overriding earlier ones key by key, or the first Failure.

    An empty value is "not stated" and overrides nothing. A key or value that is no term is a Failure, which quotes no value.
    """
    merged: dict[str, Any] = {}
    for said, where in statements:
        terms = _validated(said, where)
        if isinstance(terms, Failure):
            return terms
        merged |= terms
    return dict(sorted(merged.items()))


def read_sidecar(content: bytes, where: str, /) -> dict[Any, Any] | Failure:
    """What a sidecar says, key by key, not yet checked to be terms."""
    if len(content) > _LARGEST:
        return unreadable_terms(where, f"is larger than {_LARGEST} bytes")
    try:
        if _is_deep(content):
            return unreadable_terms(where, "nests lists and mappings, which terms never do")
        said = yaml.load(content, Loader=_Loader)  # noqa: S506 - a safe loader that refuses doubled keys
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return unreadable_terms(where, f"line {line}: {error.problem if isinstance(error, _DoubledKey) else 'is not YAML'}")
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: an impossible date; YAMLError: bytes that are no text
        return unreadable_terms(where, "is not YAML")
    if said is None:
        return {}
    return said if isinstance(said, dict) else unreadable_terms(where, "is not a list of `key: value` lines")


def unreadable_terms(where: str, what: str, /) -> Failure:
    """Refuses a document whose terms cannot be known."""
    return Failure("terms.unreadable", f"{where}: {what}", _REMEDY)


def _validated(said: Mapping[Any, Any], where: str) -> dict[str, Any] | Failure:
    for key in said:
        if key not in Terms.model_fields:
            return unreadable_terms(where, f"{_shown(key)} is not a term{_guess(key)}")
    try:
        return Terms.model_validate({key: value for key, value in said.items() if not _is_blank(value)}).stated()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        return unreadable_terms(where, f"`{'.'.join(str(part) for part in first['loc'])}`: {first['msg']}")


def _is_deep(content: bytes) -> bool:
    depth = 0
    for event in yaml.parse(content, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


class _DoubledKey(yaml.MarkedYAMLError):
    """A key stated twice: YAML would silently take the later value, which may be the more open one."""


class _Loader(yaml.CSafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen if isinstance(key, yaml.ScalarNode) else False:
                raise _DoubledKey(problem=f"{_shown(key.value)} is stated twice", problem_mark=key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else None)
        return super().construct_mapping(node, deep)


def _is_blank(value: object) -> bool:
    """Nothing was said: an empty cell, or one of separators alone. An empty list is a statement: `groups: []` is everyone."""
    return value is None or (isinstance(value, str) and not value.strip("; \t\r\n"))


def _shown(key: object) -> str:
    """The key, unless it is so unlike a key that it may be content of a misnamed file."""
    return f"`{key}`" if isinstance(key, str) and re.fullmatch(r"[\w-]{1,40}", key) else "a key"


def _guess(key: object) -> str:
    close = difflib.get_close_matches(str(key), Terms.model_fields, n=1)
    return f" (did you mean {close[0]}?)" if close else ""
