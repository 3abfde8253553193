"""The floor plan and the make targets, from pyproject.toml, the rooms' own docstrings and the Makefile."""

import ast
import re
import tomllib
from pathlib import Path

from scripts.docs_markdown import code, table

ROOT = Path(__file__).resolve().parents[1]


def floor_plan() -> str:
    """Every room, from the top floor down: what import-linter enforces."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers")["layers"]
    rooms = [room.strip() for layer in layers for room in layer.split("|")]
    return table(("floor", "room", "what lives there"), (_room(room) for room in rooms))


def make_targets() -> str:
    """Every target of the Makefile that says what it does."""
    found = re.findall(r"^([a-z]+):.*?## (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return table(("target", ""), ((code(f"make {name}"), said) for name, said in found))


def _room(name: str) -> tuple[str, str, str]:
    """A room's docstring begins with its floor: `Floor 3: the lake, …`. Raises ValueError for one that does not."""
    said = ast.get_docstring(ast.parse((ROOT / name / "__init__.py").read_text(encoding="utf-8"))) or ""
    found = re.fullmatch(r"Floor (\d): (.*)", " ".join(said.split()))
    if found is None:
        raise ValueError(f"{name}/__init__.py: the docstring does not begin with `Floor N: `")
    return found[1], code(f"{name}/"), found[2]
