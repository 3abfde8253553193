"""Laws of every embedder, on the bundled model by either backend and on its twin."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.model import ModelSettings
from contracts.errors import ContractError, SettingsError, UsageError
from embeddings.describe import describe
from embeddings.identify import identify
from embeddings.memory import HashEmbedder
from embeddings.model import SentenceEmbedder, _unit

SENTENCES = [
    "The lease of the office ends in March.",
    "Hợp đồng thuê văn phòng kết thúc vào tháng ba.",
    "fox",
    "The lease ends in March, and the office must be empty by then; keys are returned to the landlord's agent.",
    "Cats sleep.",
]


@pytest.fixture(scope="module", params=["bundled", "openvino", "twin"])
def embedder(request: pytest.FixtureRequest):
    if request.param == "twin":
        return HashEmbedder(64, 254)
    return request.getfixturevalue("sentence_embedder" if request.param == "bundled" else "openvino_embedder")


def test_vectors_are_finite_float32_of_unit_length_and_of_the_stated_dimensions(embedder):
    vectors = embedder.embed_documents([*SENTENCES, "", "   ", "…", "👩‍👩‍👧", "\u200b"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(SENTENCES) + 5, embedder.identity.dimensions)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(embedder):
    assert embedder.embed_documents([]).shape == (0, embedder.identity.dimensions)


def test_vectors_come_in_the_order_of_their_texts(embedder):
    forth, back = embedder.embed_documents(SENTENCES), embedder.embed_documents(SENTENCES[::-1])
    assert np.allclose(forth, back[::-1], atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_in_a_batch(embedder):
    together = embedder.embed_documents(SENTENCES)
    alone = np.vstack([embedder.embed_documents([sentence]) for sentence in SENTENCES])
    assert np.allclose(together, alone, atol=1e-5)


def test_a_question_finds_the_text_that_answers_it(embedder):
    scores = embedder.embed_documents(SENTENCES) @ embedder.embed_query("When does the lease of the office end?")
    assert int(np.argmax(scores)) == 0


def test_a_text_that_fills_the_window_is_read_and_one_token_more_is_refused(embedder):
    words = embedder.identity.window if isinstance(embedder, HashEmbedder) else 254
    assert len(embedder.embed_documents(["fox " * words])) == 1
    with pytest.raises(ContractError, match=r"text 1 of 2: \d+ tokens.*the model reads \d+"):
        embedder.embed_documents(["fox", "fox " * (words + 1)])
    with pytest.raises(UsageError, match=r"the question has \d+ tokens, the model reads \d+\. Shorten it"):
        embedder.embed_query("fox " * (words + 1))


def test_vectors_equal_those_of_the_library_itself(sentence_embedder):
    theirs = sentence_embedder._runner.models[0].encode(SENTENCES, show_progress_bar=False)
    assert np.allclose(sentence_embedder.embed_documents(SENTENCES), theirs, atol=1e-5)


def test_each_prompt_stands_before_its_own_kind_of_text(model_folder_with, sentence_embedder):
    prompts = '{"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": null}'
    folder = describe(model_folder_with(config_sentence_transformers=prompts), ModelSettings())
    prompted = SentenceEmbedder(folder, identify(folder), batch_tokens=64)
    assert np.allclose(prompted.embed_documents(["fox"]), sentence_embedder.embed_documents(["passage: fox"]), atol=1e-5)
    assert np.allclose(prompted.embed_query("fox"), sentence_embedder.embed_query("query: fox"), atol=1e-5)


def test_a_model_that_does_not_match_its_configuration_is_refused(minilm):
    with pytest.raises(SettingsError, match="makes vectors of 384 dimensions, its configuration says 12"):
        SentenceEmbedder(minilm, replace(identify(minilm), dimensions=12))


def test_a_vector_without_direction_is_refused():
    for broken in ([0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]):
        with pytest.raises(ContractError, match=r"text 1\. Are its weights whole"):
            _unit(np.array([[1.0, 0.0], broken], dtype=np.float32))


class Bar:
    def __init__(self) -> None:
        self.seen: list[tuple[str, int, int]] = []

    def advance(self, stage: str, done: int, total: int, /) -> None:
        self.seen.append((stage, done, total))


def test_progress_ends_at_the_number_of_texts(minilm):
    bar = Bar()
    SentenceEmbedder(minilm, identify(minilm), batch_tokens=64, progress=bar).embed_documents(SENTENCES * 3)
    assert bar.seen[-1] == ("embed", 15, 15)
    assert len(bar.seen) > 1


@settings(deadline=None, max_examples=100)
@given(words=st.lists(st.sampled_from(["fox", "Lease", "của", "10", "."]), max_size=30), seed=st.randoms(use_true_random=False))
def test_the_twin_knows_words_but_neither_their_order_nor_their_case(words, seed):
    shuffled = words[:]
    seed.shuffle(shuffled)
    one, other = HashEmbedder().embed_documents([" ".join(words), " ".join(shuffled).upper()])
    assert np.allclose(one, other, atol=1e-6)
