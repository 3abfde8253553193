"""The words about consent, from the command line."""

import json
from pathlib import Path

import pytest
from front_door import Site

PERSON = "ann@works.example"


@pytest.fixture
def bare(tmp_path: Path) -> Site:
    """A workspace that holds nothing yet."""
    return Site(tmp_path / "ws")


def test_words_come_back_as_receipts_of_the_standard_for_one_or_for_all(bare: Site) -> None:
    for word in ("grant", "object", "restrict"):
        said = bare.run("consent", word, "--subject", PERSON, "--purpose", "dpv:Marketing", "--json").json
        assert (said["purpose"], said["purpose_iri"], said["known_purpose"]) == ("marketing", "https://w3id.org/dpv#Marketing", True)
    bare.run("consent", "withdraw", "--subject", "ben@works.example")
    lines = [json.loads(line) for line in bare.run("consent", "export", PERSON).out.splitlines()]
    assert [line["events"][0]["event_state"] for line in lines] == ["granted", "objected", "restricted"]
    assert {line["purposes"][0]["purpose"] for line in lines} == {"https://w3id.org/dpv#Marketing"}
    everyone = bare.run("consent", "export", "--json")
    assert len(everyone.json) == 4
    assert PERSON not in everyone.out
    assert bare.run("consent", "show", PERSON, "--json").json["states"] == [{"purpose": "marketing", "source": "", "state": "restricted"}]


def test_a_purpose_of_ones_own_is_taken_and_said_to_be_one(bare: Site) -> None:
    said = bare.run("consent", "grant", "--subject", PERSON, "--purpose", "bingo", "--until", "2999-01-01")
    assert said.code == 0
    assert "bingo: a purpose of your own; those that have a name are listed by: ragkeep consent purposes" in said.err
    assert bare.run("consent", "grant", "--subject", PERSON, "--purpose", "bingo", "--json").json["purpose_iri"] is None
    assert {"retrieval", "training"} <= {purpose["name"] for purpose in bare.run("consent", "purposes", "--json").json}


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("show",), "consent show: say whose decisions"),
        (("show", PERSON, "--as-of", "someday"), "consent show: --as-of someday: Invalid isoformat string"),
        (("grant", "--subject", PERSON, "--until", "1999-01-01"), "only a grant ends, and only after it began"),
        (("restrict", "--subject", " "), "a person and a purpose are needed"),
    ],
)
def test_a_word_that_makes_no_sense_is_refused_in_a_line(bare: Site, arguments: tuple[str, ...], problem: str) -> None:
    outcome = bare.run("consent", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert problem in outcome.err
