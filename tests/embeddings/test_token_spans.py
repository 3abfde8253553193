"""Laws of every tokenizer: the bundled model's, one of each other family that published models use, and the twin."""

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from configs.model import ModelSettings
from contracts.errors import SettingsError
from embeddings.describe import ModelFolder, describe
from embeddings.memory import WordTokenizer
from embeddings.tokenizer import ModelTokenizer

VIETNAMESE = "Cộng hòa xã hội chủ nghĩa Việt Nam độc lập tự do hạnh phúc"


@pytest.fixture(scope="session", params=["bundled", "byte-level", "unigram", "twin"])
def tokenizer(request: pytest.FixtureRequest, minilm: ModelFolder, tmp_path_factory: pytest.TempPathFactory):
    if request.param == "twin":
        return WordTokenizer(254)
    if request.param == "bundled":
        return ModelTokenizer(minilm)
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made = _byte_level() if request.param == "byte-level" else _unigram()
    made.enable_truncation(8)
    made.enable_padding(length=16)
    made.save(str(path))
    return ModelTokenizer(replace(minilm, tokenizer=path))


TEXTS = st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60), max_size=4)


@settings(deadline=None, max_examples=100)
@given(texts=TEXTS)
def test_spans_lie_in_the_text_and_never_go_back(tokenizer, texts):
    for text, spans in zip(texts, tokenizer.spans(texts), strict=True):
        assert all(0 <= start <= end <= len(text) for start, end in spans)
        assert [start for start, _ in spans] == sorted(start for start, _ in spans)
        assert [end for _, end in spans] == sorted(end for _, end in spans)


@settings(deadline=None, max_examples=50)
@given(texts=TEXTS)
def test_a_text_has_as_many_tokens_as_spans_whatever_stands_beside_it(tokenizer, texts):
    spans = tokenizer.spans(texts)
    assert tokenizer.count(texts) == [len(each) for each in spans]
    assert spans == [tokenizer.spans([text])[0] for text in texts]


def test_no_text_loses_or_gains_tokens_by_the_truncation_and_padding_stored_with_the_tokenizer(tokenizer):
    long, short = tokenizer.spans(["fox " * 3000, "fox"])
    assert len(long) >= 3000
    assert long[-1][1] >= 3000 * 4 - 1
    assert 1 <= len(short) <= 4


@pytest.mark.parametrize("text", ["Việt Nam 👩‍👩‍👧 xin chào", "ﬁnance ½ Ⅳ", "a\u0301\u0301b", "\ufeffabc\u200bdef", "日本語テキスト"])
def test_spans_count_characters_not_bytes_nor_normalised_characters(tokenizer, text):
    spans = tokenizer.spans([text])[0]
    words = [(found, found + len(word)) for word in text.split() for found in [text.index(word)]]
    assert max(end for _, end in spans) <= len(text)
    for start, end in words:
        inside = [span for span in spans if span[0] >= start - 1 and span[1] <= end and span[1] > span[0]]
        assert not inside or max(span[1] for span in inside) <= end


def test_the_bundled_tokenizer_finds_vietnamese_words_in_both_unicode_forms(minilm):
    tokenizer = ModelTokenizer(minilm)
    text = "Việt Nam 👩‍👩‍👧 xin chào"
    for form in ("NFC", "NFD"):
        written = unicodedata.normalize(form, text)
        assert [written[start:end] for start, end in tokenizer.spans([written])[0]] == [
            unicodedata.normalize(form, word) for word in ("Việt", "Nam", "👩‍👩‍👧", "xi", "n", "chào")
        ]


def test_the_window_is_what_the_model_reads_without_special_tokens_and_prompt(minilm, model_folder_with):
    assert ModelTokenizer(minilm).window == 254
    prompted = describe(model_folder_with(), ModelSettings(document_prompt="passage: "))
    assert ModelTokenizer(prompted).window == 252
    with pytest.raises(SettingsError, match=r"document_prompt.*256 tokens"):
        ModelTokenizer(describe(model_folder_with(), ModelSettings(document_prompt="word " * 300)))


def test_two_tokenizers_are_one_only_if_their_files_are(minilm, tmp_path: Path):
    changed = tmp_path / "tokenizer.json"
    changed.write_text(json.dumps(json.loads(minilm.tokenizer.read_text()), indent=1))
    assert ModelTokenizer(minilm).identity != ModelTokenizer(replace(minilm, tokenizer=changed)).identity
    assert ModelTokenizer(minilm).identity == ModelTokenizer(minilm).identity


def _byte_level() -> Tokenizer:
    """As GPT-2 and many recent models: a character outside ASCII takes several tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator([VIETNAMESE, "the quick brown fox"], trainer)
    return tokenizer


def _unigram() -> Tokenizer:
    """As XLM-R and E5: compatibility forms are normalised and spaces become a visible mark."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=120, unk_token="<unk>", special_tokens=["<s>", "</s>", "<unk>"], show_progress=False)
    tokenizer.train_from_iterator([VIETNAMESE, "the quick brown fox jumps over the lazy dog"], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    return tokenizer
