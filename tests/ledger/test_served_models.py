"""Which model answers: one at a time, the first without being told, and each can be opened again by its settings."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ports import ModelIdentity
from ledger.served import ServedModels

AT = datetime(2026, 1, 1, tzinfo=UTC)
IDENTITY = ModelIdentity("0" * 64, "torch-0", "float32", 8, 256, "", "query: ", normalised=True)


@pytest.fixture
def served(ledger) -> ServedModels:
    return ServedModels(ledger)


def test_the_first_model_answers_and_the_others_wait_until_they_begin(served: ServedModels) -> None:
    for number, name in enumerate("ab"):
        served.note(name, {"name": name}, IDENTITY, AT + timedelta(hours=number))
    assert served.answering() == "a"
    assert served.replaced_at() is None
    served.begin("b", AT + timedelta(days=1))
    assert served.answering() == "b"
    assert served.replaced_at() == AT + timedelta(days=1)
    served.forget_replaced()
    assert (served.replaced_at(), served.answering()) == (None, "b")


def test_a_known_model_stays_as_it_was_first_noted(served: ServedModels) -> None:
    served.note("a", {"name": "one"}, IDENTITY, AT)
    served.note("a", {"name": "two"}, IDENTITY, AT + timedelta(days=1))
    (held,) = served.all()
    assert (held.settings, held.identity, held.known_since) == ({"name": "one"}, IDENTITY, AT)
    assert served.get("b") is None


@given(begun=st.lists(st.sampled_from("abc"), max_size=8))
@settings(deadline=None, max_examples=25)
def test_whatever_begins_one_model_answers_and_what_it_replaced_is_kept(new_database, begun: list[str]) -> None:
    served = ServedModels(new_database("ledger"))
    for name in "abc":
        served.note(name, {}, IDENTITY, AT)
    for number, name in enumerate(begun, start=1):
        served.begin(name, AT + timedelta(days=number))
    assert served.answering() == (begun[-1] if begun else "a")
    assert served.replaced_at() == (AT + timedelta(days=len(begun)) if begun else None)
