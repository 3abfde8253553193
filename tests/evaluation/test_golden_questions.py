"""Golden questions: how they are written, what is said about those that are wrong, and how they meet what is held."""

from pathlib import Path

import pytest

from contracts.errors import UsageError
from contracts.ids import Identity
from evaluation.expect import Missing, expect
from evaluation.golden import Golden, Quote, read_golden
from evaluation.spans import Passage

GOOD = """\
- question: Why was the bridge closed?
  sources: [bridge.md]
- question: Who may cross?
  id: 7
  spans: [{source: handbook/bridge.md, text: only walkers}]
  purpose: retrieval
  reader: alice
  slices: {year: 2031}
"""
IDENTITY = Identity(b"pepper")


def read(tmp_path: Path, text: str) -> tuple[Golden, ...]:
    (tmp_path / "golden.yaml").write_text(text, encoding="utf-8")
    return read_golden(tmp_path / "golden.yaml")


def test_a_file_is_its_questions_in_order(tmp_path: Path) -> None:
    first, second = read(tmp_path, GOOD)
    assert (first.question, first.sources, first.reader, first.expected) == (
        "Why was the bridge closed?",
        ("bridge.md",),
        None,
        ("bridge.md",),
    )
    assert (second.id, second.spans, second.slices) == ("7", (Quote(source="handbook/bridge.md", text="only walkers"),), {"year": "2031"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("question: a", "golden.yaml: expected a list of questions, each beginning with"),
        ("", "expected a list of questions"),
        ("- question: [", "golden.yaml: line 1: not readable as YAML"),
        ("- sources: [a]", "golden.yaml: question 1: question: missing"),
        ("- question: a", "question 1: nothing is expected: state `sources` or `spans`"),
        ("- {question: a, sources: [b], source: c}", "question 1: source: unknown key; there are: question, id, sources"),
        ("- {question: a, spans: [{source: b}]}", "question 1: spans.0.text: missing"),
        ("- {question: a, sources: [b], id: a b}", "question 1: id: string should match pattern"),
        ("- just words", "question 1: input should be a valid dictionary"),
        ("- {question: a, sources: [b]}\n- {question: a, sources: [c]}", "'a' is there twice; give each question an `id` of its own"),
    ],
)
def test_what_is_wrong_is_a_line_that_names_the_question_and_the_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as found:
        read(tmp_path, text)
    assert said in str(found.value)


def test_every_mistake_gets_a_line_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as found:
        read(tmp_path, "- question: a\n- sources: [b]\n- {question: c, sources: [d]}\n")
    assert str(found.value).count("\n") == 1


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent.yaml: cannot be read \(No such file or directory\)"):
        read_golden(tmp_path / "absent.yaml")


def test_expectations_become_ids_and_places_in_the_text_whatever_the_spaces(tmp_path: Path) -> None:
    text = "Until then\n\nonly  walkers\nmay cross."
    asked, missing = expect(read(tmp_path, GOOD), {"bridge.md": ["d1"], "handbook/bridge.md": ["d1"]}, lambda _: text, IDENTITY)
    assert missing == ()
    assert [one.grades for one in asked] == [{"d1": 1}, {"d1": 1}]
    (passage,) = asked[1].passages
    assert text[passage.start : passage.end] == "only  walkers"
    assert (asked[1].question_id, asked[1].reader, asked[1].slices) == ("7", "alice", {"year": "2031"})
    assert asked[0].question_id not in GOOD
    assert len(asked[0].question_id) == 12


def test_what_is_not_held_is_named_and_a_question_without_any_expectation_left_is_not_asked(tmp_path: Path) -> None:
    asked, missing = expect(read(tmp_path, GOOD), {"handbook/bridge.md": ["d1"]}, lambda _: "Nobody may cross.", IDENTITY)
    assert [one.question_id for one in asked] == ["7"]
    assert asked[0].passages == ()
    assert missing[0].reason == "no such document is held"
    assert missing[1] == Missing("7", "only walkers", "not in the text of handbook/bridge.md")


def test_a_quote_is_looked_for_in_every_document_of_its_place() -> None:
    golden = Golden(question="a", spans=(Quote(source="b", text="x y"),))
    asked, _ = expect([golden], {"b": ["d1", "d2"]}, {"d1": "xy", "d2": "- x y"}.__getitem__, IDENTITY)
    assert asked[0].passages == (Passage("d1", 0, 2), Passage("d2", 2, 5))
