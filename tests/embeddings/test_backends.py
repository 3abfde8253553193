"""Another backend or other numbers: nearly the same vectors, and yet another model to everything that is stored."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino
import pytest

from configs.offline import go_offline
from contracts.errors import ContractError, SettingsError
from embeddings import export as exporting
from embeddings.export import export
from embeddings.identify import identify, model_fingerprint
from embeddings.keep import keep_text, new_folder
from embeddings.openvino_runner import OpenVinoRunner
from embeddings.tokenizer import ModelTokenizer
from embeddings.torch_runner import TorchRunner, choose_attention, choose_devices

ROOT = Path(__file__).parents[2]
HAS_BFLOAT16 = "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
TEXTS = ["fox", "Hợp đồng thuê văn phòng kết thúc vào tháng ba.", "Keys are returned to the agent, and the meter is read. " * 12, "…"]


def test_openvino_computes_what_torch_does(openvino_embedder, sentence_embedder):
    assert np.allclose(openvino_embedder.embed_documents(TEXTS), sentence_embedder.embed_documents(TEXTS), atol=1e-5)
    assert np.allclose(openvino_embedder.embed_query(TEXTS[0]), sentence_embedder.embed_query(TEXTS[0]), atol=1e-5)


@pytest.mark.skipif(not HAS_BFLOAT16, reason="this processor has no bfloat16")
def test_bfloat16_points_where_float32_does(on_openvino, sentence_embedder):
    cosines = (on_openvino(dtype="bfloat16").embed_documents(TEXTS) * sentence_embedder.embed_documents(TEXTS)).sum(axis=1)
    assert (cosines > 0.9995).all()


def test_numbers_that_the_processor_does_not_have_are_refused(minilm, exported, monkeypatch):
    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32"])
    with pytest.raises(SettingsError, match="does not compute in bfloat16"):
        OpenVinoRunner(replace(minilm, dtype="bfloat16"), exported)


def test_backend_numbers_and_exactness_are_part_of_what_a_model_is(minilm):
    changed = [replace(minilm, **change) for change in ({"backend": "openvino"}, {"dtype": "bfloat16"}, {"exact": True})]
    assert len({model_fingerprint(identify(model, digest_of=lambda _: "same")) for model in (minilm, *changed)}) == 4


def test_an_exported_model_is_loaded_with_neither_torch_nor_transformers(minilm, exported):
    code = (
        "import sys; from pathlib import Path; from configs.settings import ModelSettings; from embeddings.describe import describe;"
        "from embeddings.export import export; from embeddings.identify import identify; from embeddings.model import SentenceEmbedder;"
        "from embeddings.openvino_runner import OpenVinoRunner;"
        f"model = describe(Path({str(minilm.path)!r}), ModelSettings(backend='openvino'));"
        f"runner = OpenVinoRunner(model, export(model, Path({str(exported.parent)!r})));"
        "SentenceEmbedder(model, identify(model), runner=runner).embed_query('fox');"
        "sys.exit(str([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.stderr.strip(), done.stdout) == ("", "")


def test_a_graph_that_gives_other_vectors_is_refused_and_not_kept(minilm, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_COSINE", 1.1)
    with pytest.raises(SettingsError, match=r"OpenVINO does not compute .* as torch does"):
        export(minilm, tmp_path / "float32")
    assert list(tmp_path.iterdir()) == []


def test_a_text_whose_end_the_models_own_loader_does_not_read_is_refused(minilm):
    shorter = replace(minilm, tokens=8)
    with pytest.raises(ContractError, match=r"reads fewer tokens of a text than its tokenizer\.json counts"):
        TorchRunner(shorter).prepare(ModelTokenizer(minilm).tokenise(["Keys are returned to the agent, and the meter is read."], ""))


def test_many_texts_are_tokenised_as_each_alone(minilm):
    tokenizer, texts = ModelTokenizer(minilm), [text * times for times in range(1, 40) for text in TEXTS]
    many = tokenizer.tokenise(texts, "query: ")
    assert [each.tolist() for each in many.ids] == [tokenizer.tokenise([text], "query: ").ids[0].tolist() for text in texts]
    assert many.lengths == [count + tokenizer.special_tokens for count in tokenizer.count(["query: " + text for text in texts])]


def test_a_folder_is_whole_or_absent_and_the_first_one_stays(tmp_path):
    with pytest.raises(RuntimeError), new_folder(tmp_path / "model"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    for content in ("first", "second"):
        with new_folder(tmp_path / "model") as unfinished:
            keep_text(unfinished / "a", content)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert (tmp_path / "model" / "a").read_text() == "first"


def test_every_card_takes_part_and_flash_attention_runs_only_where_it_can():
    assert choose_devices(2, mps=False) == ("cuda:0", "cuda:1")
    assert choose_devices(0, mps=True) == ("mps",)
    assert choose_devices(0, mps=False) == ("cpu",)
    assert choose_attention("cuda:0", "bfloat16", installed=True) == "flash_attention_2"
    for device, dtype, installed in (("cuda:0", "float32", True), ("cpu", "bfloat16", True), ("cuda:0", "bfloat16", False)):
        assert choose_attention(device, dtype, installed=installed) is None


def test_what_would_report_on_its_user_is_neither_locked_nor_importable():
    assert "openvino-telemetry==" not in (ROOT / "requirements.lock").read_text()
    go_offline()
    with pytest.raises(ModuleNotFoundError):
        __import__("openvino_telemetry")
