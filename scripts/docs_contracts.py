"""Settings, terms and table contracts as tables of the docs."""

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import dataframely as dy
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from configs.settings import Settings
from contracts import tables
from contracts.terms import Terms
from lake.layers import Lake
from scripts.docs_markdown import code, table

_COLUMNS = ("key", "type", "default", "")


def settings_reference() -> str:
    """Every key of `ragkeep.yaml`, a section each."""
    blocks = []
    for name, field in Settings.model_fields.items():
        model, path = _section(name, field.annotation)
        blocks.append(f"## {name}\n\n{_sentence(field.description)}")
        blocks.append(table(_COLUMNS, (_setting(f"{path}.{key}", inner) for key, inner in model.model_fields.items())))
    return "\n\n".join(blocks)


def terms_reference() -> str:
    """Every term that can be stated of a document."""
    return table(
        ("term", "type", ""), ((code(key), _kind(field.annotation), field.description or "") for key, field in Terms.model_fields.items())
    )


def table_reference() -> str:
    """Every table contract, with where it is kept and each column."""
    blocks = []
    for schema in _schemas():
        kept = _KEPT.get(schema, "Not kept: it passes from one stage to the next.")
        blocks.append(f"## {schema.__name__}\n\n{' '.join((schema.__doc__ or '').split())} {kept}")
        rows = [(code(name), _column(column), column.description or "") for name, column in schema.columns().items()]
        blocks.append(table(("column", "type", ""), rows))
    return "\n\n".join(blocks)


_KEPT = {one.contract: f"Kept as the Delta table `{one.name}`." for one in Lake(Path(), 1).copies}


def _section(name: str, annotation: Any) -> tuple[type[BaseModel], str]:
    """The model of a section, and the path of its keys: named entries have a name in between."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1], f"{name}.NAME"
    return annotation, name


def _setting(path: str, field: FieldInfo) -> tuple[str, str, str, str]:
    default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
    return code(path), _kind(field.annotation), default, (field.description or "") + _limits(field)


def _default(value: Any) -> str:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json", exclude_none=True)
    return "unset" if value is None else code(json.dumps(value, ensure_ascii=False, default=str))


def _limits(field: FieldInfo) -> str:
    marks = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
    said = [f"{marks[name]} {getattr(one, name)}" for one in field.metadata for name in marks if hasattr(one, name)]
    return f" ({', '.join(said)})" if said else ""


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(inner[0])
    if origin is dict:
        return f"{_kind(inner[0])} to {_kind(inner[1])}"
    if origin is tuple:
        return f"list of {_kind(inner[0])}"
    if origin is Literal:
        return " or ".join(code(str(one)) for one in inner)
    if origin in (Union, UnionType):
        return " or ".join(_kind(one) for one in inner if one is not NoneType)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return " or ".join(code(str(one)) for one in annotation)
    names = {str: "text", Path: "path", int: "whole number", float: "number", bool: "true or false", Terms: "[terms](#terms)"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _sentence(text: str | None) -> str:
    said = text or ""
    return f"{said[:1].upper()}{said[1:]}."


def _schemas() -> Iterator[type[dy.Schema]]:
    for value in vars(tables).values():
        if isinstance(value, type) and issubclass(value, dy.Schema) and value is not dy.Schema:
            yield value


def _column(column: Any) -> str:
    marks = [word for word, holds in (("primary key", column.primary_key), ("may be null", column.nullable)) if holds]
    return ", ".join([code(str(column.dtype)), *marks])
