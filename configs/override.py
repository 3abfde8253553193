"""Single settings changed for one command, as `--set SECTION.KEY=VALUE` states them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from configs.settings import Settings
from contracts.errors import SettingsError, UsageError


def model_assignment(model: str, /) -> str:
    """What `--model` means: a folder wherever it is said from, else a name as it is."""
    return f"model.name={json.dumps(str(Path(model).resolve()) if Path(model).is_dir() else model)}"


def override(settings: Settings, assignments: Iterable[str], /) -> Settings:
    """The settings with these `section.key=value` in place of their own, values in YAML; nothing else is read again.

    Raises UsageError for what is no assignment, SettingsError with the key's path for what is no setting or no value of it.
    """
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        section, *keys = path.strip().split(".")
        if not separator or not keys:
            raise UsageError(f"--set {assignment}: expected SECTION.KEY=VALUE, as in chunking.max_tokens=200")
        if section not in Settings.model_fields:
            raise SettingsError(f"--set {path}: unknown section; there are: {', '.join(Settings.model_fields)}")
        settings = settings.model_copy(update={section: _changed(settings, section, keys, text)})
    return settings


def _changed(settings: Settings, section: str, keys: list[str], text: str) -> Any:
    kind: TypeAdapter[Any] = TypeAdapter(Settings.model_fields[section].annotation or Any)
    said = _with(kind.dump_python(getattr(settings, section)), keys, _value(text, section, keys))
    try:
        return kind.validate_python(said)
    except ValidationError as error:
        raise SettingsError("\n".join(f"--set {_described(section, problem)}" for problem in error.errors())) from None


def _with(said: Any, keys: list[str], value: Any) -> dict[str, Any]:
    """The mapping with a value at the end of a path; what is no mapping on the way becomes one, which its type then refuses."""
    held = said if isinstance(said, dict) else {}
    return {**held, keys[0]: value if len(keys) == 1 else _with(held.get(keys[0]), keys[1:], value)}


def _value(text: str, section: str, keys: list[str]) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise SettingsError(f"--set {'.'.join((section, *keys))}: {text!r} is not readable as YAML") from None


def _described(section: str, problem: Any) -> str:
    path = ".".join((section, *(str(part) for part in problem["loc"])))
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key; see docs/settings.md"
    return f"{path}: {problem['msg'][0].lower()}{problem['msg'][1:]}, got {problem['input']!r}"
