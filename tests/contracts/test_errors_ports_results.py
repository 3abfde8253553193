"""The error tree as its docstring draws it, seams of at most five methods, and counts that add up."""

import ast
import inspect
import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts.errors
import contracts.results
from contracts.errors import DocumentUnavailable, RagkeepError
from contracts.results import Applied, DocumentCounts, Failure

ROOT = Path(contracts.errors.__file__).parents[1]
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests")


def drawn_tree() -> dict[str, str]:
    """Class → its base, as the drawing in the docstring has them by indentation."""
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (contracts.errors.__doc__ or "").splitlines():
        match = re.match(r"^([ │├└─]+)([A-Z]\w+) {2,}\S", line)
        if not match:
            continue
        depth = len(match[1])
        above = [(column, name) for column, name in above if column < depth]
        found[match[2]] = above[-1][1] if above else "Exception"
        above.append((depth, match[2]))
    return found


def test_the_tree_of_errors_is_the_one_that_is_drawn() -> None:
    classes = [each for _, each in inspect.getmembers(contracts.errors, inspect.isclass) if issubclass(each, Exception)]
    assert drawn_tree() == {each.__name__: each.__bases__[0].__name__ for each in classes}


def test_every_error_has_the_exit_code_that_is_drawn() -> None:
    drawn = dict(re.findall(r"(\w+) +exit code (\d)", contracts.errors.__doc__ or ""))
    for name, each in inspect.getmembers(contracts.errors, inspect.isclass):
        if issubclass(each, RagkeepError):
            nearest = next(str(drawn[base.__name__]) for base in each.__mro__ if base.__name__ in drawn)
            assert str(each.exit_code) == nearest, name


def test_an_unavailable_document_carries_its_failure_and_says_what_to_do() -> None:
    failure = Failure("source.unreadable", "permission denied.", "Let the user read it.")
    error = DocumentUnavailable(failure)
    assert (error.failure, str(error)) == (failure, "permission denied. Let the user read it.")


def protocols() -> list[tuple[str, ast.ClassDef]]:
    """Every Protocol of the tree, with where it stands."""
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases):
                    found.append((f"{path.relative_to(ROOT)}:{node.name}", node))  # noqa: PERF401
    return found


@pytest.mark.parametrize(("where", "protocol"), [pytest.param(*each, id=each[0]) for each in protocols()])
def test_a_seam_has_at_most_five_methods_and_says_what_it_is(where: str, protocol: ast.ClassDef) -> None:
    methods = [node.name for node in protocol.body if isinstance(node, ast.FunctionDef)]
    assert 1 <= len(methods) <= 5, f"{where}: {methods}"
    assert ast.get_docstring(protocol) or protocol.name.startswith("_"), where


def test_the_seams_of_the_contracts_are_found() -> None:
    names = {where.split(":")[1] for where, _ in protocols()}
    assert names >= {"Source", "Embedder", "VectorStore", "DerivedCopy", "Notifier", "Progress", "Tokenizer"}


counts = st.integers(0, 1000)
document_counts = st.builds(DocumentCounts, *[counts] * len(fields(DocumentCounts)))
applied = st.builds(Applied, *[counts] * len(fields(Applied)))


@given(document_counts, document_counts)
def test_counts_of_documents_add_field_by_field_and_nothing_changes_nothing(one: DocumentCounts, other: DocumentCounts) -> None:
    assert one + DocumentCounts() == one
    for field in fields(DocumentCounts):
        assert getattr(one + other, field.name) == getattr(one, field.name) + getattr(other, field.name)


@given(applied, applied)
def test_counts_of_rows_add_field_by_field(one: Applied, other: Applied) -> None:
    assert one + Applied() == one
    assert one + other == other + one
    assert (one + other).upserted == one.upserted + other.upserted


def test_results_are_frozen_and_have_no_dictionaries() -> None:
    for name, each in inspect.getmembers(contracts.results, is_dataclass):
        assert each.__dataclass_params__.frozen, name
        assert not any("dict" in str(field.type) for field in fields(each)), name
