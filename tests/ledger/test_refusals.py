"""What was refused holds until it is lifted, and stays known; by which chunking an index was cut is known of each model."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.ports import ModelIdentity
from ledger.refusals import Refusal, Refusals
from ledger.served import ServedModels

AT = datetime(2026, 1, 1, tzinfo=UTC)
IDENTITY = ModelIdentity("0" * 64, "torch-0", "float32", 8, 256, "", "query: ", normalised=True)
STEPS = st.lists(st.one_of(st.none(), st.sampled_from("abc")), max_size=8)


@pytest.fixture
def refusals(ledger) -> Refusals:
    return Refusals(ledger)


@given(steps=STEPS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_last_refusal_of_each_key_is_known_and_holds_unless_all_were_lifted_since(refusals: Refusals, steps: list[str | None]) -> None:
    expected: dict[str, Refusal] = {one.key: one for one in refusals.all()}
    for number, key in enumerate(steps):
        if key is None:
            refusals.lift()
            expected = {name: Refusal(one.key, one.model, one.at, one.reason, holds=False) for name, one in expected.items()}
        else:
            expected[key] = Refusal(key, "model", AT + timedelta(hours=number), f"reason {number}")
            refusals.add(expected[key])
    newest_first = sorted(expected.values(), key=lambda one: (-one.at.timestamp(), one.key))
    assert refusals.all() == newest_first
    assert refusals.holding() == [one for one in newest_first if one.holds]


def test_the_chunking_of_each_model_is_the_last_that_was_told(ledger) -> None:
    served = ServedModels(ledger)
    for name in "ab":
        served.note(name, {"name": name}, IDENTITY, AT)
    served.cut_by("a", {"max_tokens": 200})
    served.cut_by("a", {"max_tokens": 400})
    assert [(one.fingerprint, one.chunking) for one in served.all()] == [("a", {"max_tokens": 400}), ("b", None)]
    assert served.get("a").chunking == {"max_tokens": 400}
    assert served.get("c") is None
