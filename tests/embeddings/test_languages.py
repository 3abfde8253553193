"""A model's card says which languages it was made for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeddings.languages import stated_languages, unfit_languages

CODES = st.sets(st.sampled_from(["en", "vi", "nl", ""]))


def test_the_bundled_model_was_made_for_english(minilm):
    assert stated_languages(minilm.path) == {"en"}


@pytest.mark.parametrize(
    ("card", "languages"),
    [
        ("---\nlanguage:\n- multilingual\n- vi\n---\n# A model", {"multilingual", "vi"}),
        ("---\nlanguage: VI\n---\n", {"vi"}),
        ("---\nlanguage: [zh-CN, pt-br]\n---\n", {"zh", "pt"}),
        ("---\nlicense: mit\n---\nlanguage: en", set()),
        ("# language: en", set()),
        ("---\n[broken\n---\n", set()),
        ("---\n- a list\n---\n", set()),
        (None, set()),
    ],
)
def test_what_a_card_does_not_say_in_its_head_is_not_known(card, languages, tmp_path):
    if card is not None:
        (tmp_path / "README.md").write_text(card)
    assert stated_languages(tmp_path) == languages


@given(stated=CODES, held=CODES)
def test_a_language_is_unfit_only_if_the_model_says_what_it_knows_and_not_that(stated, held):
    unfit = unfit_languages(stated, held)
    assert set(unfit) == ((held - stated - {""}) if stated else set())
    assert unfit_languages({*stated, "multilingual"}, held) == ()
