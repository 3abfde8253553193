"""The default model's tokenizer, read once."""

import pytest
from chunk_makers import MiniLmTokenizer


@pytest.fixture(scope="session")
def minilm() -> MiniLmTokenizer:
    return MiniLmTokenizer()
