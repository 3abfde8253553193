"""Offsets carried from a document's text back to the file that it was parsed from."""

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.align import align, span_of

WORDS = st.lists(st.text("abcdeàé, .", min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=30)


@settings(deadline=None, max_examples=100)
@given(WORDS, st.data())
def test_a_text_whose_spaces_were_moved_is_found_to_the_letter(words: list[str], data: st.DataObject) -> None:
    space = st.sampled_from([" ", "\n", "  ", "\n\n", "\t"])
    original = "".join(word + data.draw(space) for word in words)
    text = "".join(word + data.draw(space) for word in words)
    places = align(text, original)
    for offset, character in enumerate(text):
        assert places[offset] == -1 if character.isspace() else original[places[offset]] == character
    found = [place for place in places if place >= 0]
    assert found == sorted(set(found)) == [offset for offset, character in enumerate(original) if not character.isspace()]


def test_marks_that_a_parser_leaves_out_and_letters_that_it_changes_are_passed_over() -> None:
    original = "# The *bridge*\n\n- It was closed for repairs &amp; painted.\n- The ferry’s pier is new, and its captain is proud of it."
    text = "The bridge\n\nIt was closed for repairs & painted.\n\nThe ferry's pier is new, and its captain is proud of it."
    places = align(text, original)
    for quote in ("bridge", "It was closed", "painted", "pier is new, and its captain is proud of it"):
        start = text.index(quote)
        begins, ends = span_of(places, start, start + len(quote)) or (0, 0)
        assert original[begins:ends] == quote


def test_what_the_original_does_not_say_has_no_place() -> None:
    assert align("xyz", "abc") == [-1, -1, -1]
    assert span_of([-1, -1], 0, 2) is None
    assert align("", "abc") == []
    assert align("abc", "") == [-1, -1, -1]
