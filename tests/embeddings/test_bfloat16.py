"""A model that computes in bfloat16: nearly the same vectors, and yet another model to everything that is stored."""

from dataclasses import replace

import numpy as np
import pytest

from configs.model import ModelSettings
from contracts.ids import Identity
from embeddings.describe import describe
from embeddings.identify import cache_key, identify
from embeddings.model import SentenceEmbedder

TEXTS = [
    "fox",
    "The lease of the office ends in March.",
    "Hợp đồng thuê văn phòng kết thúc vào tháng ba.",
    "Keys are returned to the landlord's agent, and the meter is read. " * 14,
    "…",
]


@pytest.fixture(scope="module")
def half(minilm):
    return replace(minilm, dtype="bfloat16")


@pytest.fixture(scope="module")
def embedder(half):
    return SentenceEmbedder(half, identify(half))


def test_the_setting_is_what_the_model_computes_with(minilm, embedder):
    assert describe(minilm.path, ModelSettings(dtype="bfloat16")).dtype == "bfloat16"
    assert {str(parameter.dtype) for parameter in embedder._runner.models[0].parameters()} == {"torch.bfloat16"}


def test_each_vector_points_where_that_of_float32_does(embedder, sentence_embedder):
    vectors, exact = embedder.embed_documents(TEXTS), sentence_embedder.embed_documents(TEXTS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert ((vectors * exact).sum(axis=1) > 0.9995).all()
    assert float(embedder.embed_query(TEXTS[1]) @ exact[1]) > 0.9995


def test_a_text_has_nearly_the_same_vector_alone_and_in_a_batch(embedder):
    together = embedder.embed_documents(TEXTS)
    alone = np.vstack([embedder.embed_documents([text]) for text in TEXTS])
    assert ((together * alone).sum(axis=1) > 0.9999).all()


def test_no_vector_of_one_is_taken_for_one_of_the_other(minilm, half):
    identity = Identity(b"k" * 32)
    one, other = (identify(model, digest_of=lambda _: "same") for model in (minilm, half))
    assert one != other
    assert cache_key(identity, one, "text") != cache_key(identity, other, "text")
