"""Nothing that people write in Markdown vanishes because a reader takes it for something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsing.markdown import plain_markdown

LONG = "so many words that no editor wraps them " * 5
PIECE = st.sampled_from(
    [
        "word",
        " ",
        "\n",
        "\n\n",
        "<b>",
        "</b>",
        "<T>",
        "List<String>",
        "<unk>",
        "`<T>`",
        "```\n",
        "    ",
        "- ",
        "# ",
        "= A =",
        "|",
        "<https://a.b>",
    ]
)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("a List<String> of <b>bold</b> words", "a List&lt;String> of <b>bold</b> words"),
        ("<unk> and </unk> and <unk/> and <T a=1>", "&lt;unk> and &lt;/unk> and &lt;unk/> and &lt;T a=1>"),
        ("<https://a.example> <me@a.example> <my-widget> a < b > c", "<https://a.example> <me@a.example> <my-widget> a < b > c"),
        ("in `code <T>` and ``a ` <T>``, not <T>", "in `code <T>` and ``a ` <T>``, not &lt;T>"),
        ("a lone ` here\n\nand <T> there\n\nand ` again", "a lone ` here\n\nand &lt;T> there\n\nand ` again"),
        ("```\n<T>\n```\n<T>", "```\n<T>\n```\n&lt;T>"),
        ("~~~ c++\n<T>", "~~~ c++\n<T>"),
        ("    <T> indented\n<T>", "    <T> indented\n&lt;T>"),
        ("= Pumps =\ntext\n == Repair == \n", "# Pumps\n\ntext\n## Repair\n\n"),
        (" = = Repair = =\ntext", "## Repair\n\ntext"),
        ("= uneven ==\n\nx = y = z\n\nTitle\n=====", "= uneven ==\n\nx = y = z\n\nTitle\n====="),
        (f"{LONG}\n{LONG}", f"{LONG}\n\n{LONG}"),
        ("short lines\nof one paragraph", "short lines\nof one paragraph"),
        (f"- {LONG}\n- {LONG}", f"- {LONG}\n- {LONG}"),
        (f"{LONG}\n| a | b |", f"{LONG}\n| a | b |"),
        (f"```\n{LONG}\n{LONG}\n```", f"```\n{LONG}\n{LONG}\n```"),
    ],
)
def test_what_is_written_is_what_is_read(written: str, plain: str) -> None:
    assert plain_markdown(written) == plain


@given(st.lists(PIECE, max_size=30).map("".join))
def test_no_letter_is_lost_or_added_and_doing_it_again_changes_nothing(written: str) -> None:
    plain = plain_markdown(written)
    letters = [character for character in written if character.isalnum()]
    assert [character for character in plain.replace("&lt;", "<") if character.isalnum()] == letters
    assert plain_markdown(plain) == plain
