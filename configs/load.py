"""Reading `ragkeep.yaml` and the environment; every mistake becomes one line that names the file and the key's path."""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError as UnreadableEnvironment

from configs.settings import Settings
from contracts.errors import SettingsError

FILE_NAME = "ragkeep.yaml"
DEFAULT_WORKSPACE = Path(".ragkeep")


def workspace_folder(chosen: Path | None) -> Path:
    """Where the workspace lives: the option, else `RAGKEEP_WORKSPACE`, else `.ragkeep`."""
    return (chosen or Path(os.environ.get("RAGKEEP_WORKSPACE") or DEFAULT_WORKSPACE)).absolute()


def find_settings_file(workspace: Path, /) -> Path | None:
    """The workspace's own `ragkeep.yaml`, else the one in the current folder, else None."""
    return next((path for path in (workspace / FILE_NAME, Path.cwd() / FILE_NAME) if path.is_file()), None)


def load_settings(path: Path | None, /) -> Settings:
    """The settings of a file (None: the defaults) under those of the environment. Raises SettingsError with one line a mistake."""
    values = _read_yaml(path) if path else {}
    try:
        return Settings(**values)
    except ValidationError as error:
        lines = [f"{_origin(problem, path)}: {_describe(problem, Settings)}" for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from None
    except UnreadableEnvironment as error:
        name = str(error).split('"')[1]
        raise SettingsError(f"environment: {name}: the value of RAGKEEP_{name.upper()}, or of a variable below it, is not JSON") from None


def keys_from_environment() -> dict[str, str | None]:
    """`key` and `pepper` in base64, as `RAGKEEP_KEY` and `RAGKEEP_PEPPER` give them; None where unset."""
    return {name: os.environ.get(f"RAGKEEP_{name.upper()}") or None for name in ("key", "pepper")}


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        raise SettingsError(f"{path.name}:{line} not readable as YAML: {getattr(error, 'problem', None) or error}") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path.name}: the file holds a {type(values).__name__}, expected keys such as `sources:`")
    return {str(key): value for key, value in values.items() if value is not None}  # a section whose keys are all comments


def _origin(problem: Any, path: Path | None) -> str:
    """The file's name, unless a variable of the environment says the value that is wrong."""
    names = {name.upper() for name in os.environ}
    parts = [str(part).upper() for part in problem["loc"]]
    said = any("RAGKEEP_" + "__".join(parts[:depth]) in names for depth in range(1, len(parts) + 1))
    return "environment" if said or path is None else path.name


def _describe(problem: Any, root: type[BaseModel]) -> str:
    location = [str(part) for part in problem["loc"]]
    path = ".".join(location)
    if problem["type"] == "extra_forbidden":
        near = difflib.get_close_matches(location[-1], _siblings(root, location[:-1]), n=1)
        return f"{path}: unknown key" + (f" (did you mean `{near[0]}`?)" if near else "")
    if problem["type"] == "missing":
        return f"{path}: missing"
    if problem["type"] == "value_error" and isinstance(problem["input"], dict):  # of several keys together, which the message names
        return ": ".join(filter(None, [path, str(problem["ctx"]["error"])]))
    return f"{path}: {problem['msg'][0].lower()}{problem['msg'][1:]}, got {problem['input']!r}"


def _siblings(model: type[BaseModel], location: Sequence[str]) -> list[str]:
    """The keys that would have been right at this place; the names of sources and readers are passed over."""
    for part in location:
        field = model.model_fields.get(part)
        if field is None:
            continue
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), model)
    return list(model.model_fields)
