"""Terms: stated key by key, overridden key by key, and over at the earlier of their two ends."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.terms import Classification, LawfulBasis, Terms

names = st.lists(st.text("abcß ", min_size=1, max_size=5).map(str.strip).filter(bool), max_size=3).map(tuple)
stated_terms = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text(min_size=1, max_size=8),
        "lawful_basis": st.sampled_from(list(LawfulBasis)),
        "purposes": names,
        "subjects": names,
        "groups": names,
        "classification": st.sampled_from(list(Classification)),
        "date": st.dates(date(1990, 1, 1), date(2100, 1, 1)),
        "retention_days": st.integers(1, 9999),
        "expires_at": st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    },
)
quick = settings(deadline=None, max_examples=80)


@given(stated_terms, stated_terms)
@quick
def test_what_is_stated_later_wins_key_by_key_and_the_rest_stays(first: dict, later: dict) -> None:  # type: ignore[type-arg]
    both = Terms.model_validate(first).overridden_by(Terms.model_validate(later).stated())
    assert both == Terms.model_validate({**first, **later})


@given(stated_terms)
@quick
def test_terms_survive_being_stated_and_read_back(values: dict) -> None:  # type: ignore[type-arg]
    terms = Terms.model_validate(values)
    assert Terms.model_validate(terms.stated()) == terms
    assert terms.overridden_by({}) == terms
    assert list(terms.stated()) == sorted(terms.stated())


def test_an_empty_list_is_a_statement_and_nothing_is_none() -> None:
    stated = Terms(groups=("hr",)).overridden_by({"groups": []})
    assert stated.groups == ()
    assert Terms().groups is None


@pytest.mark.parametrize(
    ("cell", "value"), [("hr", ("hr",)), ("hr; legal ;", ("hr", "legal")), ("", ()), (" ; ", ()), (["hr", "legal"], ("hr", "legal"))]
)
def test_a_list_may_be_a_cell_with_semicolons(cell: object, value: tuple[str, ...]) -> None:
    assert Terms.model_validate({"groups": cell, "subjects": cell}).groups == value


@pytest.mark.parametrize("key", ["lawful_basis", "classification", "date", "retention_days", "expires_at"])
def test_an_empty_cell_of_anything_else_states_nothing(key: str) -> None:
    assert getattr(Terms.model_validate({key: "  "}), key) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"owners": "x"},
        {"lawful_basis": "because"},
        {"classification": "secret"},
        {"retention_days": 0},
        {"retention_days": -1},
        {"expires_at": "soon"},
        {"groups": 7},
    ],
)
def test_what_is_no_term_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Terms().overridden_by(wrong)


@given(stated_terms)
@quick
def test_the_end_is_the_earlier_one_and_there_is_none_without_either(values: dict) -> None:  # type: ignore[type-arg]
    terms = Terms.model_validate(values)
    ends = [terms.expires_at] if terms.expires_at else []
    if terms.date and terms.retention_days:
        ends.append(datetime.combine(terms.date, datetime.min.time(), UTC) + timedelta(days=terms.retention_days))
    assert terms.expiry() == (min(ends) if ends else None)


def test_a_moment_without_a_zone_is_in_utc_and_another_zone_is_converted() -> None:
    assert Terms.model_validate({"expires_at": "2031-05-01T12:00:00"}).expires_at == datetime(2031, 5, 1, 12, tzinfo=UTC)
    assert Terms.model_validate({"expires_at": "2031-05-01T12:00:00+07:00"}).expires_at == datetime(2031, 5, 1, 5, tzinfo=UTC)


def test_classifications_are_ranked_from_open_to_closed() -> None:
    assert [
        each.rank for each in (Classification.PUBLIC, Classification.INTERNAL, Classification.CONFIDENTIAL, Classification.RESTRICTED)
    ] == [*range(4)]
