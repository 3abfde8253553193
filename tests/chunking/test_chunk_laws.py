"""What holds of the chunks of any document."""

import random
from collections.abc import Sequence

import polars as pl
import pytest
from chunk_makers import (
    DOCUMENT,
    IDENTITY,
    GreetingTokenizer,
    Item,
    MiniLmTokenizer,
    WordTokenizer,
    chunked,
    chunked_rows,
    document_text,
    elements,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import Chunk

MINILM = MiniLmTokenizer()
TOKENIZERS = st.sampled_from([MINILM, WordTokenizer(16), WordTokenizer(40), GreetingTokenizer(16)])
few = settings(deadline=None, max_examples=60)


def assert_covered(document: Sequence[Item], chunks: pl.DataFrame) -> None:
    text = document_text(document)
    times = [0] * len(text)
    for row in chunks.iter_rows(named=True):
        assert text[row["char_start"] : row["char_end"]] == row["text"]
        for at in range(row["char_start"], row["char_end"]):
            times[at] += 1
    at = 0
    for _, element, _ in document:
        assert set(times[at : at + len(element)]) == {1}
        assert set(times[at + len(element) : at + len(element) + 2]) <= {0, 1}
        at += len(element) + 2


def assert_fits(tokenizer: WordTokenizer | MiniLmTokenizer, chunks: pl.DataFrame, most: int) -> None:
    counted = [max(1, len(spans)) for spans in tokenizer.spans(chunks["text"].to_list())]
    assert max(counted) <= most
    if not isinstance(tokenizer, GreetingTokenizer):  # What it adds to each text is not seen where the text was not read by itself.
        assert counted == chunks["tokens"].to_list()


@few
@given(DOCUMENT, TOKENIZERS)
def test_every_character_of_every_element_is_in_exactly_one_chunk(document: list[Item], tokenizer: WordTokenizer) -> None:
    assert_covered(document, chunked(tokenizer, document, max_tokens=16))


@few
@given(DOCUMENT, TOKENIZERS, st.integers(16, 60))
def test_no_chunk_has_more_tokens_than_the_model_reads_or_the_settings_want(
    document: list[Item], tokenizer: WordTokenizer, most: int
) -> None:
    assert_fits(tokenizer, chunked(tokenizer, document, max_tokens=most), min(most, tokenizer.window))


@few
@given(st.lists(DOCUMENT, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_chunks_do_not_depend_on_the_order_of_the_rows_or_on_the_company_of_other_documents(
    documents: list[list[Item]], shuffle: random.Random
) -> None:
    tokenizer = WordTokenizer(16)
    together = chunked(tokenizer, *documents)
    frame = elements(*documents)
    order = list(range(frame.height))
    shuffle.shuffle(order)
    shuffled = chunked_rows(tokenizer, frame[order])
    assert shuffled.equals(together)
    for (document_id,), alone in frame.group_by("document_id"):
        single = chunked_rows(tokenizer, alone)
        assert single.equals(together.filter(pl.col("document_id") == document_id))


@few
@given(DOCUMENT)
def test_no_chunk_leaves_its_section(document: list[Item]) -> None:
    frame = elements(document)
    for row in chunked(WordTokenizer(16), document).iter_rows(named=True):
        held = frame.filter((pl.col("char_start") < row["char_end"]) & (pl.col("char_end") > row["char_start"]))
        kinds = held["kind"].to_list()
        assert kinds == sorted(kinds, key=lambda kind: kind != "title")
        bodies = held.filter(pl.col("kind") != "title")
        assert bodies["heading_path"].n_unique() <= 1
        if bodies.height:
            assert all(row["heading_path"].startswith(path) for path in bodies["heading_path"])


@few
@given(DOCUMENT)
def test_an_element_that_fits_is_whole_unless_it_makes_room_for_its_title(document: list[Item]) -> None:
    frame = elements(document)
    chunks = chunked(WordTokenizer(40), document)
    above = ["text", *frame["kind"].to_list()]
    for title, row in zip(above, frame.iter_rows(named=True), strict=False):
        if len(row["text"].split()) <= 40 and (title != "title" or row["kind"] == "table"):
            assert chunks.filter((pl.col("char_start") <= row["char_start"]) & (pl.col("char_end") >= row["char_end"])).height == 1


@few
@given(
    st.lists(st.tuples(st.just("text"), st.lists(st.sampled_from("abc. "), min_size=1, max_size=60).map(" ".join), st.just(0)), max_size=4)
)
def test_no_two_neighbours_of_a_section_would_fit_into_one(document: list[Item]) -> None:
    tokenizer = WordTokenizer(40)
    text = document_text(document)
    chunks = chunked(tokenizer, document)
    for first, second in zip(chunks.iter_rows(named=True), chunks[1:].iter_rows(named=True), strict=False):
        assert len(text[first["char_start"] : second["char_end"]].split()) > 40


@few
@given(st.lists(st.integers(1, 90), min_size=1, max_size=6))
def test_a_title_is_in_the_chunk_with_the_beginning_of_its_section(lengths: list[int]) -> None:
    document = [item for words in lengths for item in (("title", "A short title", 1), ("text", "word " * words + "end", 0))]
    chunks = chunked(WordTokenizer(40), document)
    assert all(" " in text.removeprefix("A short title\n\n") and text != "A short title" for text in chunks["text"] if "title" in text)
    assert set(chunks["heading_path"]) == {"A short title"}


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "Pneumonoultramicroscopic" * 5_000,
        " " * 100_000,
        "所有人生而自由" * 2_000,
        "人人生而自由，在尊严和权利上一律平等。" * 500,
        "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi. " * 300,
        "👩‍👩‍👧‍👦🇻🇳👍🏽" * 4_000,
        "?!… " * 3_000,
        "e" + "\u0301" * 40_000,
        "\u200b\ufeff" * 20_000,
        "a\n" * 5_000,
    ],
    ids=["one word", "syllables", "spaces", "han", "han sentences", "vietnamese", "emoji", "punctuation", "marks", "invisible", "lines"],
)
def test_strange_texts_are_covered_and_fit(minilm: MiniLmTokenizer, text: str) -> None:
    chunks = chunked(minilm, [("title", "Strange", 0), ("text", text, 0)])
    assert_covered([("title", "Strange", 0), ("text", text, 0)], chunks)
    assert_fits(minilm, chunks, minilm.window)
    assert max(len(piece.encode()) for piece in chunks["text"]) <= 65_535


def test_equal_texts_of_one_document_have_ids_of_their_own() -> None:
    chunks = chunked(WordTokenizer(16), [item for _ in range(5) for item in (("title", "Same", 0), ("text", "same text", 0))])
    assert chunks["text"].n_unique() == 1
    assert chunks["chunk_id"].n_unique() == 5
    assert chunks["chunk_id"].to_list() == [IDENTITY.chunk("0" * 32, "Same\n\nsame text", occurrence) for occurrence in range(5)]


def test_no_elements_give_no_chunks_with_the_right_columns() -> None:
    chunks = chunked(WordTokenizer(16))
    assert chunks.height == 0
    assert chunks.schema == Chunk.create_empty().schema
