from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from contracts.consent import STATES, ConsentState
from ledger.consent import Consent, Receipt

T = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BOB = "a" * 32, "b" * 32

hours = st.integers(0, 6).map(lambda hour: T + timedelta(hours=hour))


@st.composite
def receipts(draw):
    at = draw(hours)
    state = draw(st.sampled_from(["granted", *STATES]))
    until = draw(st.none() | st.integers(1, 4).map(lambda length: at + timedelta(hours=length))) if state == "granted" else None
    who, purpose, scope = (draw(st.sampled_from(choices)) for choices in ([ANN, BOB], ["retrieval", "training"], ["", "hr", "crm"]))
    return Receipt(who, purpose, state, at, T, scope, until, evidence=draw(st.sampled_from(["", "form 7"])))


def naive_fold(said, as_of):
    """Written apart from the code: the last grant (at one instant, the one that ends first), then the gravest word at or after it."""
    rank = ["granted", "expired", "withdrawn", "objected", "restricted"].index
    never = T + timedelta(days=36500)
    state = {}
    for key in {(word.subject_key, word.purpose, word.scope) for word in said if word.at <= as_of}:
        words = [word for word in said if (word.subject_key, word.purpose, word.scope) == key and word.at <= as_of]
        grants = sorted((word for word in words if word.state == "granted"), key=lambda word: (word.at, never - (word.until or never)))
        since = grants[-1].at if grants else T
        taken = {word.state for word in words if word.state != "granted" and word.at >= since}
        if grants:
            taken.add("expired" if grants[-1].until and grants[-1].until <= as_of else "granted")
        state[key] = max(taken, key=rank)
    return state


@given(said=st.lists(receipts(), max_size=12), as_of=hours, data=st.data())
@settings(deadline=None, max_examples=60)
def test_the_state_at_any_moment_is_the_naive_fold_whatever_the_order_of_recording(new_database, said, as_of, data):
    consent = Consent(new_database("ledger"))
    for batch in (said, data.draw(st.permutations(said))):
        consent.record(batch)
    expected = naive_fold(said, as_of)
    assert consent.state(as_of).decisions == expected
    assert consent.state(as_of, [ANN]).decisions == {key: state for key, state in expected.items() if key[0] == ANN}
    for source in ("", "hr"):
        for who in (ANN, BOB):
            assert consent.standing([who], as_of).of(who, "retrieval", source) == ConsentState(expected).of(who, "retrieval", source)


def test_a_withdrawal_wins_over_a_grant_of_the_same_instant(ledger, noon):
    consent = Consent(ledger)
    consent.record([Receipt(ANN, "retrieval", state, noon, noon) for state in ("withdrawn", "granted")])
    assert consent.state(noon).of(ANN, "retrieval", "hr") == "withdrawn"


def test_a_grant_counts_from_its_moment_until_just_before_its_end(ledger, noon):
    consent = Consent(ledger)
    end = noon + timedelta(days=1)
    consent.record([Receipt(ANN, "retrieval", "granted", noon, noon, until=end)])
    instants = (noon - timedelta(microseconds=1), noon, end - timedelta(microseconds=1), end)
    assert [consent.state(instant).of(ANN, "retrieval", "hr") for instant in instants] == [None, "granted", "granted", "expired"]


def test_a_withdrawal_for_one_source_leaves_the_others(ledger, noon):
    consent = Consent(ledger)
    consent.record([Receipt(ANN, "retrieval", "granted", noon, noon), Receipt(ANN, "retrieval", "withdrawn", noon, noon, scope="hr")])
    state = consent.standing([ANN, BOB], noon)
    assert [state.of(who, "retrieval", source) for who in (ANN, BOB) for source in ("hr", "crm")] == ["withdrawn", "granted", None, None]


def test_a_receipt_recorded_twice_is_one_and_keeps_its_first_recording(ledger, noon):
    consent = Consent(ledger)
    receipt = Receipt(ANN, "retrieval", "granted", noon, noon, evidence="form 7", method="web form")
    later = replace(receipt, recorded_at=noon + timedelta(days=1))
    in_another_zone = replace(receipt, at=noon.astimezone(tz=None))
    assert consent.record([receipt]) == consent.record([later, in_another_zone])[:1]
    assert [(one, one.recorded_at) for one in consent.history(ANN)] == [(receipt, noon)]


@pytest.mark.parametrize("change", ["UPDATE consent_receipt SET state = 'granted'", "DELETE FROM consent_receipt"])
def test_receipts_cannot_be_changed_or_removed(ledger, noon, change):
    consent = Consent(ledger)
    consent.record([Receipt(ANN, "retrieval", "withdrawn", noon, noon)])
    with pytest.raises(IntegrityError, match="consent_receipt is append-only"), ledger.begin() as connection:
        connection.execute(text(change))
    assert consent.state(noon).of(ANN, "retrieval", "hr") == "withdrawn"


def test_a_time_without_a_zone_is_refused(ledger):
    with pytest.raises(ValueError, match="2026-01-01T00:00:00 has no time zone"):
        Consent(ledger).state(datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("state", "until", "said"),
    [
        ("maybe", None, "granted, expired, withdrawn, objected or restricted, not 'maybe'"),
        ("withdrawn", T + timedelta(1), "only a grant ends"),
        ("granted", T, "only after it began"),
    ],
)
def test_a_receipt_that_makes_no_sense_is_refused(state, until, said):
    with pytest.raises(ValueError, match=said):
        Receipt(ANN, "retrieval", state, T, T, until=until)
