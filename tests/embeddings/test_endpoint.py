"""A model behind an endpoint: its vectors are those it answers, or there is an error that says which address and why."""

import math
import time

import numpy as np
import pytest
from endpoint_server import EndpointServer, serving_at_loopback

from configs.endpoint import Recipient
from configs.model import ModelSettings
from contracts.errors import ContractError, SettingsError, StoreUnavailable
from embeddings.http_runner import Endpoint, HttpRunner
from embeddings.identify import identify, model_fingerprint
from embeddings.memory import HashEmbedder
from embeddings.model import SentenceEmbedder
from embeddings.tokenizer import ModelTokenizer
from flows.model import LocalModel

SECRET = "token-that-nobody-may-see"


@pytest.fixture
def server(minilm):
    with serving_at_loopback(minilm.dimensions) as server:
        yield server


@pytest.fixture
def embedder(minilm, server: EndpointServer):
    """Makes an embedder at the server, with changes to how it is asked."""

    def make(**changed) -> SentenceEmbedder:
        how = {"token": SECRET, "pause": 0.01, **changed}
        return SentenceEmbedder(
            minilm, identify(minilm), runner=HttpRunner(minilm, Endpoint(server.url, "minilm", **how), special_tokens=2)
        )

    return make


def test_vectors_come_in_the_order_of_the_texts_however_they_were_batched_and_answered(embedder, server, minilm):
    texts = [f"{'word ' * (place % 7)}number {place}" for place in range(100)]
    made = embedder(requests=3).embed_documents(texts)
    np.testing.assert_allclose(made, HashEmbedder(minilm.dimensions, 64).embed_documents(texts), atol=1e-6)
    assert sorted(server.texts) == sorted(texts)
    assert max(len(question["input"]) for question, _ in server.asked) == 32
    assert {(question["model"], question["path"], headers["Authorization"]) for question, headers in server.asked} == {
        ("minilm", "/v1/embeddings", f"Bearer {SECRET}")
    }


def test_vectors_of_any_length_become_unit_vectors(embedder, server):
    server.alter = lambda answer: {**answer, "data": [{**row, "embedding": [7 * x for x in row["embedding"]]} for row in answer["data"]]}
    assert np.linalg.norm(embedder().embed_query("how long")) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("status", [429, 500])
def test_what_may_pass_is_tried_again(embedder, server, status):
    server.answers = [(status, {}, {}), (status, {}, {})]
    assert embedder().embed_documents(["a text"]).shape[0] == 1
    assert len(server.asked) == 3


def test_a_server_that_asks_to_wait_is_waited_for(embedder, server):
    server.answers = [(429, {"Retry-After": "0.4"}, {})]
    began = time.monotonic()
    embedder().embed_documents(["a text"])
    assert time.monotonic() - began >= 0.4


def test_requests_a_minute_are_never_more_than_stated(embedder):
    began = time.monotonic()
    embedder(requests=8, requests_a_minute=600).embed_documents(["a text"] * 32 * 4)
    assert time.monotonic() - began >= 0.3, "four requests, the first at once, a tenth of a second apart"


def test_a_server_that_stays_broken_is_named_without_text_and_token(embedder, server):
    server.answers = [(500, {}, {"error": "a private text"})] * 6
    with pytest.raises(StoreUnavailable, match=r"http://127.0.0.1:\d+/v1: status 500, 6 times") as said:
        embedder(pause=0.001).embed_documents(["a private text"])
    assert "private" not in str(said.value)
    assert SECRET not in str(said.value)


def test_nobody_at_the_address_is_an_error_that_names_it(minilm):
    runner = HttpRunner(minilm, Endpoint("http://127.0.0.1:9/v1", "minilm", pause=0.001), special_tokens=2)
    with pytest.raises(StoreUnavailable, match=r"http://127.0.0.1:9/v1: ConnectError, 6 times"):
        SentenceEmbedder(minilm, identify(minilm), runner=runner).embed_query("how long")


def test_a_refused_token_is_not_tried_again_and_names_the_setting(embedder, server):
    server.answers = [(401, {}, {})]
    with pytest.raises(SettingsError, match=r"model\.token_file") as said:
        embedder().embed_documents(["a text"])
    assert (len(server.asked), SECRET in str(said.value)) == (1, False)


def test_the_token_does_not_follow_a_redirect(embedder, server):
    server.answers = [(307, {"Location": f"{server.url}/elsewhere"}, {})]
    with pytest.raises(StoreUnavailable, match="status 307"):
        embedder().embed_documents(["a text"])
    assert len(server.asked) == 1


def test_proxies_of_the_environment_are_not_used(embedder, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert embedder().embed_documents(["a text"]).shape[0] == 1


def each_row(**changed):
    return lambda answer: {**answer, "data": [{**row, **changed} for row in answer["data"]]}


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (each_row(embedding=[1.0, 2.0]), "dimensions"),
        (each_row(embedding=[math.nan] * 384), "NaN"),
        (lambda answer: {**answer, "data": answer["data"][1:]}, "answers 1 vectors"),
        (each_row(index=0), "numbers them wrongly"),
        (lambda answer: {"vectors": []}, "OpenAI's form"),
        (lambda answer: [1], "OpenAI's form"),
        (lambda answer: {**answer, "usage": {"prompt_tokens": 3}}, "cuts texts"),
    ],
    ids=["dimensions", "nan", "too few", "doubled", "another form", "a list", "cut"],
)
def test_an_answer_that_cannot_be_the_models_is_refused(embedder, server, alter, said):
    server.alter = alter
    with pytest.raises(ContractError, match=said):
        embedder().embed_documents(["a text of several words", "another"])


COUNTED = {
    "infinity-emb 0.0.77": lambda texts, tokens, special: sum(map(len, texts)),
    "infinity-emb 0.0.77 --lengths-via-tokenize": lambda texts, tokens, special: tokens,
    "xinference 4.1.0": lambda texts, tokens, special: tokens + special * len(texts),
    "nobody counts": lambda texts, tokens, special: 0,
}
"""What each was seen to state as `usage.prompt_tokens`."""

KOREAN = "휴가는 일년에 십사일입니다"
"""The tokenizer takes its syllables apart, so it has more tokens than characters."""


def counting(server: EndpointServer, minilm, counted, *, cut: int = 0):
    tokenizer = ModelTokenizer(minilm)

    def alter(answer):
        texts = server.asked[-1][0]["input"]
        read = counted(texts, sum(tokenizer.count(texts)) - cut, tokenizer.special_tokens)
        return {**answer, "usage": {"prompt_tokens": read, "total_tokens": read}}

    return alter


@pytest.mark.parametrize("counted", COUNTED.values(), ids=COUNTED)
def test_a_server_may_count_tokens_in_any_way_that_servers_were_seen_to(embedder, server, minilm, counted):
    assert ModelTokenizer(minilm).count([KOREAN])[0] > len(KOREAN)
    server.alter = counting(server, minilm, counted)
    for texts in ([KOREAN], ["a text of several words", "another", KOREAN]):
        made = embedder().embed_documents(texts)
        np.testing.assert_allclose(made, HashEmbedder(minilm.dimensions, 64).embed_documents(texts), atol=1e-6)


@pytest.mark.parametrize("counted", [COUNTED["infinity-emb 0.0.77 --lengths-via-tokenize"], COUNTED["xinference 4.1.0"]])
def test_a_text_that_a_server_cut_is_refused_where_it_counts_tokens(embedder, server, minilm, counted):
    server.alter = counting(server, minilm, counted, cut=5)
    with pytest.raises(ContractError, match="cuts texts"):
        embedder().embed_documents([KOREAN])


def test_a_server_that_answers_by_another_model_than_the_one_asked_for_is_told_apart(embedder, server):
    server.alter = lambda answer: {**answer, "model": "all-it-has"}
    with pytest.raises(SettingsError, match=r"asked for 'minilm' and answers by 'all-it-has'.*model\.served_as"):
        embedder().embed_documents(["a text"])


def test_the_same_model_at_another_address_is_the_same_and_under_another_name_another(tmp_path):
    def known(**how):
        model = LocalModel(ModelSettings(backend="http", **how), tmp_path, Forgetful(), tmp_path)
        return model_fingerprint(model.identity), model.recipient

    here, there = known(url="http://localhost:80/v1", served_as="a"), known(url="https://far.example/v1", located_in="VN", served_as="a")
    assert (here[0], here[1], there[1]) == (there[0], None, Recipient("far.example", "VN"))
    assert known(url="http://localhost:80/v1", served_as="b")[0] != here[0]


class Forgetful:
    def get(self, *_):
        return None

    def put(self, *_):
        pass


@pytest.mark.parametrize("token", ["two\nlines", "", "a b", None])
def test_a_token_file_that_holds_no_token_is_named_and_never_quoted(tmp_path, token):
    if token is not None:
        (tmp_path / "token").write_text(token)
    how = ModelSettings(backend="http", url="http://localhost:80/v1", token_file="token")
    with pytest.raises(SettingsError, match=r"model\.token_file: .*token") as said:
        _ = LocalModel(how, tmp_path, Forgetful(), tmp_path).embedder
    assert "lines" not in str(said.value)
