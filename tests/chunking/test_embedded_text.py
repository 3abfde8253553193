"""What of a chunk is embedded."""

import polars as pl
from chunk_makers import WordTokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from chunking.embedded import embedded_texts
from configs.settings import ChunkingSettings

WITH, WITHOUT = ChunkingSettings(embed_headings=True), ChunkingSettings(embed_headings=False)


def embedded(text: str, path: str, window: int = 50, how: ChunkingSettings = WITH) -> str:
    return embedded_texts(pl.DataFrame({"text": [text], "heading_path": [path]}), how, WordTokenizer(window))[0]


def test_the_titles_above_a_chunk_stand_before_it() -> None:
    assert embedded("Ask two weeks ahead.", "Handbook > Holidays") == "Handbook > Holidays\n\nAsk two weeks ahead."


def test_titles_that_the_chunk_says_itself_are_not_repeated() -> None:
    assert embedded("Holidays\n\nAsk ahead.", "Handbook > Holidays") == "Handbook\n\nHolidays\n\nAsk ahead."
    assert embedded("Ask ahead.", "") == "Ask ahead."


def test_where_not_all_titles_fit_the_innermost_do() -> None:
    assert embedded("one two three", "A long outer title > Inner", window=4) == "Inner\n\none two three"
    assert embedded("one two three", "Outer > Inner", window=3) == "one two three"


def test_without_the_setting_it_is_the_text() -> None:
    assert embedded("text", "Title", how=WITHOUT) == "text"


TITLE = st.text(alphabet="ab ", max_size=8)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.text(alphabet="xy ", min_size=1, max_size=12), st.lists(TITLE, max_size=4).map(" > ".join)), max_size=6))
def test_each_row_is_embedded_as_if_it_were_alone_ends_with_its_text_and_fits(rows: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(rows, schema={"text": pl.String, "heading_path": pl.String}, orient="row")
    made = embedded_texts(frame, WITH, WordTokenizer(12))
    assert made == [embedded(text, path, window=12) for text, path in rows]
    assert all(whole.endswith(text) and len(whole.split()) <= 12 for whole, (text, _) in zip(made, rows, strict=True))
