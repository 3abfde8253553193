"""The rules by which a document is quarantined or refused, collected from the code that applies them."""

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from governance.admit import _rules
from governance.transfer import Transfer
from scripts.docs_markdown import code, table

ROOT = Path(__file__).resolve().parents[1]
_ROOMS = ("sources", "parsing", "flows")
_TWIN = "memory.py"
_NEVER_NOTED = "source.vanished"
"""Such a document counts as not listed."""
_RULE = re.compile(r"[a-z]+\.[a-z_]+")


class Rule(NamedTuple):
    """A rule's name, what was found (… where it depends on the document) and what a person can do."""

    name: str
    found: str
    remedy: str


def quarantine_reference() -> str:
    """Every rule of the quarantine with all it may say, by name."""
    found: dict[str, dict[str, list[str]]] = {}
    for rule in quarantine_rules():
        if rule.name == _NEVER_NOTED:
            continue
        found.setdefault(rule.name, {}).setdefault(rule.remedy, []).append(rule.found)
    rows = [
        (code(name), "; ".join(dict.fromkeys(said)), remedy)
        for name, remedies in sorted(found.items())
        for remedy, said in remedies.items()
    ]
    return table(("rule", "what was found", "what to do"), rows)


def admission_reference() -> str:
    """The rules of admission in the order in which they are asked."""
    said = {
        "terms.unreadable": "what is wrong with the terms, in words",
        "transfer.abroad": "its text would be sent from one jurisdiction to another, which policies.may_go_to does not allow",
    }
    rules = _rules(frozenset(), Transfer("", (), ()), datetime(2000, 1, 1, tzinfo=UTC))
    rows = [
        (str(number), code(name), detail if isinstance(detail, str) else said[name])
        for number, (name, _, detail) in enumerate(rules, start=1)
    ]
    return table(("", "rule", "detail"), rows)


def quarantine_rules() -> list[Rule]:
    """Each place in the code that makes a Failure. Raises ValueError on one whose rule cannot be read off."""
    files = [path for room in _ROOMS for path in sorted((ROOT / room).glob("*.py")) if path.name != _TWIN]
    return [rule for path in files for rule in _rules_of(path)]


def _rules_of(path: Path) -> Iterator[Rule]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant | ast.JoinedStr)
    }
    for node in ast.walk(tree):
        arguments = _three(node)
        if arguments is None:
            continue
        name, found, remedy = (_text(argument, said) for argument in arguments)
        if not _RULE.fullmatch(name):
            raise ValueError(f"{path}:{node.lineno}: the rule of this Failure cannot be read off: write it as text")  # type: ignore[attr-defined]
        yield Rule(name, found, remedy)


def _three(node: ast.AST) -> list[ast.expr] | None:
    """The arguments of a Failure, or a tuple that becomes one."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Failure":
        return None if any(isinstance(argument, ast.Starred) for argument in node.args) else node.args
    if isinstance(node, ast.Tuple) and len(node.elts) == 3 and _RULE.fullmatch(_text(node.elts[0], {})):
        return node.elts
    return None


def _text(node: ast.expr, said: Mapping[str, ast.expr]) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part, said) for part in parts)
        case ast.FormattedValue(value=ast.Name(id=name)) | ast.Name(id=name):
            return _text(said[name], said) if name in said else "…"
        case _:
            return "…"
