"""A document cut by hand."""

from chunk_makers import IDENTITY, Item, WordTokenizer, chunked, chunked_rows, elements

from chunking.cutting import chunking_fingerprint
from configs.settings import ChunkingSettings

HANDBOOK: list[Item] = [
    ("title", "Staff handbook", 0),
    ("title", "Holidays", 1),
    ("text", "Everybody has twenty-five days a year.", 0),
    ("list_item", "Ask two weeks ahead.", 0),
    ("title", "Money", 1),
    ("text", "Claims go to Kim by the fifth of the month. Late ones wait for the next month, without exception, and Kim says so.", 0),
    ("table", "City | Day rate\nHuế | 40 €\nHà Nội | 55 €\nĐà Nẵng | 45 €", 0),
    ("title", "Changes", 0),
    ("title", "Contact", 0),
    ("text", "Write to Kim.", 0),
]


def test_the_handbook_is_cut_between_its_sections_then_between_its_elements_then_between_its_sentences() -> None:
    chunks = chunked(WordTokenizer(20), HANDBOOK)
    assert chunks.select("text", "heading_path", "element_kind", "tokens").rows() == [
        (
            "Staff handbook\n\nHolidays\n\nEverybody has twenty-five days a year.\n\nAsk two weeks ahead.",
            "Staff handbook > Holidays",
            "text",
            13,
        ),
        ("Money\n\nClaims go to Kim by the fifth of the month. ", "Staff handbook > Money", "text", 11),
        ("Late ones wait for the next month, without exception, and Kim says so.", "Staff handbook > Money", "text", 13),
        ("City | Day rate\nHuế | 40 €\nHà Nội | 55 €\nĐà Nẵng | 45 €", "Staff handbook > Money", "table", 18),
        ("Changes", "Changes", "title", 1),
        ("Contact\n\nWrite to Kim.", "Contact", "text", 4),
    ]
    assert chunks["ordinal"].to_list() == [0, 1, 2, 3, 4, 5]
    assert chunks.select("page_start", "page_end").rows() == [(1, 2), (2, 2), (2, 2), (3, 3), (3, 3), (3, 4)]


def test_a_table_that_does_not_fit_is_cut_between_its_rows() -> None:
    rows = [f"row {number} | with some words" for number in range(12)]
    chunks = chunked(WordTokenizer(16), [("table", "\n".join(rows), 0)])
    assert all(line in rows for text in chunks["text"] for line in text.splitlines())


def test_a_table_that_fits_is_whole_even_where_its_title_has_no_room_with_it() -> None:
    table = "one two three four | five six seven\n" * 2
    assert chunked(WordTokenizer(16), [("title", "A title", 0), ("table", table, 0)])["text"].to_list() == ["A title", table]


def test_the_key_of_a_text_is_the_same_in_every_document_and_its_id_is_not() -> None:
    chunks = chunked(WordTokenizer(16), [("text", "Same words.", 0)], [("text", "same  WORDS", 0)], [("text", "other words", 0)])
    first, second, third = chunks["text_key"]
    assert first == second != third
    assert first == IDENTITY.text("same words")
    assert chunks["chunk_id"].n_unique() == 3


def test_the_content_hash_changes_with_anything_the_row_says() -> None:
    frame = elements([("title", "T", 0), ("text", "some text", 0)])
    variants = [
        frame,
        frame.with_columns(page=frame["page"] + 1),
        frame.with_columns(language=frame["language"] + "x"),
        elements([("title", "T", 0), ("code", "some text", 0)]),
        elements([("title", "T", 0), ("text", "some tex", 0)]),
        elements([("title", "U", 0), ("text", "some text", 0)]),
    ]
    hashes = [chunked_rows(WordTokenizer(16), variant)["content_hash"][0] for variant in variants]
    assert len(set(hashes)) == len(variants)


def test_the_fingerprint_changes_with_the_settings_the_window_and_the_tokenizer() -> None:
    prints = {
        chunking_fingerprint(ChunkingSettings(), WordTokenizer(16), "a"),
        chunking_fingerprint(ChunkingSettings(), WordTokenizer(17), "a"),
        chunking_fingerprint(ChunkingSettings(), WordTokenizer(16), "b"),
        chunking_fingerprint(ChunkingSettings(min_tokens=3), WordTokenizer(16), "a"),
    }
    assert len(prints) == 4
    assert chunking_fingerprint(ChunkingSettings(max_tokens=99), WordTokenizer(16), "a") in prints
