"""A commented `ragkeep.yaml`, made from the settings themselves so that it cannot fall behind them."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from configs.settings import ReaderSettings, Settings, SourceSettings

_HEAD = """\
# Settings of ragkeep. Every value below is the default; uncomment what you change.
# The environment wins over this file: RAGKEEP_CHUNKING__MAX_TOKENS=200 sets chunking.max_tokens.
"""
_EXAMPLES: dict[str, tuple[str, type[BaseModel], dict[str, Any]]] = {
    "sources": (
        "handbook",
        SourceSettings,
        {"path": "documents", "terms": {"lawful_basis": "not_personal", "purposes": ["retrieval"], "classification": "public"}},
    ),
    "readers": ("alice", ReaderSettings, {"groups": ["hr"], "clearance": "internal"}),
}


def render_template(sources: dict[str, str] | None = None, /) -> str:
    """The text of a new `ragkeep.yaml`. `sources` (name → folder) become real entries; without any, an example stands in a comment."""
    blocks = [_HEAD]
    for name, field in Settings.model_fields.items():
        blocks.append("\n".join(_named(name, field, sources or {}) if name in _EXAMPLES else _section(name, field)))
    return "\n".join(blocks) + "\n"


def _section(name: str, field: FieldInfo) -> Iterator[str]:
    yield f"# {field.description}"
    yield f"# {name}:"
    for key, inner in field.annotation.model_fields.items():  # type: ignore[union-attr]
        yield f"#   {key}: {_yaml(inner.get_default(call_default_factory=True))}  # {inner.description}"
    yield ""


def _named(name: str, field: FieldInfo, given: dict[str, str]) -> Iterator[str]:
    example, model, values = _EXAMPLES[name]
    real = {key: {**values, "path": path} for key, path in given.items()} if name == "sources" else {}
    yield f"# {field.description}"
    yield f"{name}:" if real else f"# {name}:"
    for entry, entries in (real or {example: values}).items():
        mark = "" if real else "# "
        yield f"{mark}  {entry if entry.isidentifier() else _yaml(entry)}:"
        for key, inner in model.model_fields.items():
            stated = key in entries
            value = entries[key] if stated else None if inner.is_required() else inner.get_default(call_default_factory=True)
            yield f"{mark if stated else '# '}    {key}: {_yaml(value)}  # {inner.description}"
    yield ""


def _yaml(value: Any) -> str:
    """A value in YAML's flow style, which JSON is."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_none=True)
    return json.dumps(value, ensure_ascii=False, default=str)
