"""In exact mode a vector is a function of its text alone, to the bit."""

from dataclasses import replace
from random import Random

import numpy as np
import openvino
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeddings.identify import identify
from embeddings.model import SentenceEmbedder

WORDS = ["fox", "lease", "của", "March", "10.5", "hợp", "đồng", "👩‍👩‍👧", "—"]
TEXTS = [" ".join(Random(seed).choices(WORDS, k=1 + seed**2)) for seed in range(8)]


@pytest.fixture(scope="module", params=["torch float32", "torch bfloat16", "openvino float32", "openvino bfloat16"])
def alone(request, minilm, on_openvino):
    """An exact embedder, and the vector of each text embedded by itself."""
    backend, dtype = request.param.split()
    if backend == "openvino" and dtype == "bfloat16" and "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bfloat16")
    model = replace(minilm, dtype=dtype, exact=True)
    embedder = SentenceEmbedder(model, identify(model)) if backend == "torch" else on_openvino(dtype=dtype, exact=True)
    return embedder, [embedder.embed_documents([text])[0] for text in TEXTS]


@settings(deadline=None, max_examples=12)
@given(places=st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=10))
def test_a_vector_does_not_depend_on_what_was_embedded_with_it_nor_in_which_order(alone, places):
    embedder, vectors = alone
    together = embedder.embed_documents([TEXTS[place] for place in places])
    assert all(vector.tobytes() == vectors[place].tobytes() for place, vector in zip(places, together, strict=True))


def test_a_question_has_the_vector_of_the_same_text(alone):
    embedder, vectors = alone
    assert embedder.embed_query(TEXTS[3]).tobytes() == vectors[3].tobytes()


def test_exact_vectors_are_those_of_the_model(alone, sentence_embedder):
    _, vectors = alone
    assert ((np.array(vectors) * sentence_embedder.embed_documents(TEXTS)).sum(axis=1) > 0.9995).all()
