"""A purpose has one name, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.purposes import canonical, canonical_all, iri, is_known, vocabulary
from configs.settings import PolicySettings, ReaderSettings

NAMES = sorted(vocabulary())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("retrieval", "retrieval"),
        (" Retrieval ", "retrieval"),
        ("dpv:SearchFunctionalities", "retrieval"),
        ("https://w3id.org/dpv#SearchFunctionalities", "retrieval"),
        ("https://w3id.org/dpv#AgeVerification", "dpv:AgeVerification"),
        ("dpv:AgeVerification", "dpv:AgeVerification"),
        ("Nachbarschaftshilfe", "Nachbarschaftshilfe"),
    ],
)
def test_short_name_term_and_iri_are_one_purpose_and_an_own_term_stays(written, name):
    assert canonical(written) == name


def test_every_short_name_stands_for_at_most_one_term_and_no_term_has_two():
    terms = [purpose.iri for purpose in vocabulary().values() if purpose.iri]
    assert len(terms) == len(set(terms)) >= 12
    assert all(purpose.parent.startswith("https://w3id.org/dpv#") and purpose.parent != purpose.iri for purpose in vocabulary().values())
    assert all(canonical(term) == name for name, purpose in vocabulary().items() if (term := purpose.iri))


@given(st.lists(st.sampled_from(NAMES) | st.text(max_size=8)))
def test_a_name_made_canonical_stays_as_it_is(written):
    once = canonical_all(written)
    assert canonical_all(once) == once
    assert len(set(once)) == len(once)


def test_a_purpose_says_its_term_and_an_own_one_none():
    assert iri("training") is None
    assert iri("dpv:AgeVerification") == iri("https://w3id.org/dpv#AgeVerification") == "https://w3id.org/dpv#AgeVerification"
    assert [is_known(purpose) for purpose in ("training", "dpv:Marketing", "dpv:AgeVerification", "bingo")] == [True, True, False, False]


def test_settings_take_a_purpose_in_by_its_one_name():
    assert PolicySettings(purposes=("dpv:SearchFunctionalities", "retrieval", "bingo")).purposes == ("retrieval", "bingo")
    assert ReaderSettings(purposes=("https://w3id.org/dpv#ServiceUsageAnalytics",)).purposes == ("analytics",)
