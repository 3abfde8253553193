from hypothesis import given
from hypothesis import strategies as st

from dedup.compare import Piece, compare_words

WORDS = st.lists(st.sampled_from(["rent", "is", "due", "each", "month", "Month"]), max_size=12).map(" ".join)


def test_what_was_replaced_left_out_and_put_in_is_told_apart() -> None:
    assert compare_words("rent is due each month", "the rent is paid each") == (
        Piece("second", "the"),
        Piece("both", "rent is"),
        Piece("first", "due"),
        Piece("second", "paid"),
        Piece("both", "each"),
        Piece("first", "month"),
    )


@given(WORDS, WORDS)
def test_each_text_can_be_read_back_from_the_pieces(first: str, second: str) -> None:
    pieces = compare_words(first, second)
    assert " ".join(piece.text for piece in pieces if piece.of != "second") == first
    assert " ".join(piece.text for piece in pieces if piece.of != "first") == second
    assert all(piece.text for piece in pieces)


@given(WORDS)
def test_equal_texts_are_of_both_in_one_piece(text: str) -> None:
    assert compare_words(text, text) == ((Piece("both", text),) if text else ())
