"""What import-linter cannot see: folders, file sizes, lazy imports of heavy libraries, and the one reader of the environment."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = PYPROJECT["tool"]["importlinter"]["root_packages"]
HEAVY = {"torch", "sentence_transformers", "transformers", "unstructured", "prefect", "pymilvus", "spacy", "openvino", "nncf"}


def _modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def _top_level_imports(path: Path) -> set[str]:
    body = ast.parse(path.read_text()).body
    names = {alias.name for node in body if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in body if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in names}


def test_every_folder_with_code_is_a_room_of_the_floor_plan() -> None:
    beside = {"tests", "benchmarks", "notebooks", "docs", "samples", "scripts"}
    folders = {
        path.parent.relative_to(ROOT).parts[0] for path in ROOT.glob("*/**/*.py") if not path.relative_to(ROOT).parts[0].startswith(".")
    }
    assert folders - beside == set(ROOMS) == set(PYPROJECT["tool"]["setuptools"]["packages"]) == set(PYPROJECT["tool"]["mypy"]["packages"])


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_holds_and_is_small_enough_to_see(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "a module begins with a docstring"
    assert len(text.splitlines()) <= 300


def test_no_two_files_of_tests_have_one_name_since_pytest_tells_them_apart_by_name() -> None:
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert not [name for name in set(names) if names.count(name) > 1]


def test_no_room_has_a_drawer_for_odds_and_ends() -> None:
    assert not [path for path in _modules() if path.stem in {"utils", "helpers", "common", "misc"}]


def test_heavy_libraries_are_imported_only_when_they_are_needed() -> None:
    eager = {str(path.relative_to(ROOT)): found for path in _modules() if (found := _top_level_imports(path) & HEAVY)}
    assert set(eager) <= {"flows/deployed.py"}, eager


def test_only_configs_reads_the_environment() -> None:
    readers = [path for path in _modules() if "os.environ" in path.read_text() or "getenv" in path.read_text()]
    assert {path.relative_to(ROOT).parts[0] for path in readers} <= {"configs"}


def test_the_front_door_opens_without_heavy_libraries() -> None:
    check = f"import sys, ragkeep.cli, flows.ingest; print(sorted({HEAVY!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
