"""The chunkers of others, as they are cut here, are what their authors measured: else ours would be compared with something else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.omega import measure_omegas
from benchmarks.published import cluster_semantic, count_tokens, published_place, recursive, tokens
from chunking.cutter import Span
from embeddings.memory import HashEmbedder
from evaluation.read import read_suite

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "data" / "chroma_chunking"
TEXT = st.text(alphabet="ab c.\n?!é人", min_size=1, max_size=300).filter(lambda text: not text.isspace())


@pytest.mark.skipif(not CORPORA.exists(), reason="the corpora of the published measurement are not here")
def test_precision_omega_of_the_published_chunkers_is_what_was_published() -> None:
    for omega in measure_omegas(read_suite(CORPORA)):
        assert round(omega.by_their_rules, 1) == omega.published, omega.chunker
        assert 0 <= omega.exact - omega.by_their_rules < 1, omega.chunker


@settings(deadline=None)
@given(TEXT, st.integers(2, 12), st.data())
def test_pieces_of_the_recursive_chunker_lie_in_order_bare_of_space_and_leave_no_other_character_out(
    text: str, size: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, size // 2))
    spans = recursive(text, size, overlap)
    assert spans == sorted(spans)
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    held = {at for start, end in spans for at in range(start, end)}
    assert held >= {at for at, character in enumerate(text) if not character.isspace()}


@settings(deadline=None)
@given(TEXT, st.integers(2, 12))
def test_a_window_of_tokens_holds_no_more_than_so_many(text: str, size: int) -> None:
    ascii_only = text.replace("é", "e").replace("人", "x")
    assert all(count_tokens(ascii_only[start:end]) <= size for start, end in tokens(ascii_only, size))


@pytest.mark.parametrize(
    "cut", [lambda text: recursive(text, 50), lambda text: cluster_semantic(text, 100, HashEmbedder(16).embed_documents)]
)
def test_a_chunk_stands_where_the_text_first_says_the_same(cut: Callable[[str], list[Span]]) -> None:
    text = "The pump was repaired. " * 40 + "The valve was replaced. " * 40
    for start, end in cut(text):
        place = published_place(text, start, end)
        assert text[slice(*place)] == text[start:end].removesuffix(".")
        assert place[0] == text.index(text[start:end].removesuffix("."))


def test_clusters_are_split_where_the_meaning_turns() -> None:
    text = "pump " * 90 + "\n\n" + "valve " * 90

    def embed(texts: list[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if "pump" in each else [0.0, 1.0] for each in texts], dtype=np.float32)

    assert any(text[start:].startswith("valve") for start, _ in cluster_semantic(text, 400, embed))
    assert not any("pump" in text[start:end] and "valve" in text[start:end] for start, end in cluster_semantic(text, 400, embed))
