"""What the generators of the docs collect is complete."""

import re
from pathlib import Path

import pytest

from scripts import docs_rules
from scripts.docs_commands import command_reference, commands
from scripts.docs_rules import quarantine_rules
from scripts.docs_transcript import excerpt, shape


def test_every_command_is_in_the_reference() -> None:
    reference = command_reference()
    assert len(commands()) >= 14
    for name in commands():
        assert f"## ragkeep {name}\n" in reference


def test_every_option_has_a_help_sentence() -> None:
    for name, command in commands().items():
        assert command.help.endswith("."), name
        assert all(one.help for one in command.params if not one.hidden), name


def test_every_command_can_print_json() -> None:
    for name, command in commands().items():
        assert any("--json" in one.opts for one in command.params), name


def test_every_quarantine_rule_is_collected_with_a_remedy_that_is_a_sentence() -> None:
    rules = quarantine_rules()
    assert {"pdf.encrypted", "pdf.no_text_layer", "office.encrypted", "terms.unreadable", "parse.timeout"} <= {rule.name for rule in rules}
    for rule in rules:
        assert re.fullmatch(r"[A-Z][^…]*\.", rule.remedy), rule


def test_a_rule_that_cannot_be_read_off_the_code_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parsing").mkdir()
    (tmp_path / "parsing" / "odd.py").write_text('def f(rule):\n    return Failure(rule, "found", "Do something.")\n')
    monkeypatch.setattr(docs_rules, "ROOT", tmp_path)
    with pytest.raises(ValueError, match=r"odd\.py:2: the rule of this Failure cannot be read off"):
        quarantine_rules()


def test_an_excerpt_of_a_command_that_the_demo_does_not_run_is_an_error() -> None:
    with pytest.raises(LookupError, match="does not run `ragkeep reconcile` 1 times"):
        excerpt("reconcile")


def test_the_shape_of_a_transcript_forgets_ids_counts_and_the_texts_of_hits() -> None:
    told = "$ ragkeep ingest\nrun 81128254c5fbd5c7, 116.3 s\n index  embedded  127\n$ ragkeep search x\n1. a.md  Title\n   text\n\n✓ done"
    assert shape(told) == ["$ ragkeep ingest", "run ID, N s", "index embedded N", "$ ragkeep search x", "N. a.md Title", "✓ done"]
