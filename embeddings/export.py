"""A sentence-transformers model written as OpenVINO's own format: transformer, pooling and normalisation in one graph."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import SettingsError
from embeddings.calibration import MODEL
from embeddings.describe import ModelFolder
from embeddings.keep import new_folder
from embeddings.openvino_runner import OpenVinoRunner
from embeddings.tokenizer import ModelTokenizer

_COSINE = 0.9999
_PROBES = (
    "fox",
    "The LEASE of the office ends in March 2026; keys go back to the landlord's agent.",
    "Hợp đồng thuê văn phòng kết thúc vào tháng ba, và chìa khóa được trả lại cho bên cho thuê.",
    "ﬁnance ½ Ⅳ 👩‍👩‍👧 10.5 % – e\u0301tat",
    "Before the housing is opened the mains plug has to be pulled and the residual pressure released. " * 3,
)


def export(model: ModelFolder, into: Path, /) -> Path:
    """The graph's file in the folder `into`, written unless it is there. Raises SettingsError on a model whose graph would give other
    vectors than the model itself.

    Loads torch the first time, and from then on never. It is float32 whatever `model.dtype` says: numbers are chosen when it is loaded.
    """
    if not (into / MODEL).exists():
        with new_folder(into) as unfinished:
            _write(model, unfinished / MODEL)
    return into / MODEL


def _write(model: ModelFolder, path: Path) -> None:
    import openvino  # type: ignore[import-untyped]
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()  # type: ignore[no-untyped-call]
    set_verbosity_error()  # type: ignore[no-untyped-call]  # it wonders which loss an embedding model was trained with
    how = {"dtype": torch.float32}
    loaded = SentenceTransformer(str(model.path), device="cpu", local_files_only=True, model_kwargs=how).float().eval()
    features = loaded.preprocess(list(_PROBES), prompt=model.prompt_document or None)
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in features]
    if "input_ids" not in names or "attention_mask" not in names:
        raise SettingsError(f"model.backend: {model.path} is no transformer, and OpenVINO would gain nothing. Set it to torch")
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about tracing, which OpenVINO does
        graph = openvino.convert_model(_whole(loaded, names), example_input=tuple(features[name] for name in names))
        exact = torch.nn.functional.normalize(loaded(features)["sentence_embedding"], dim=1).numpy()
    for port, name in zip(graph.inputs, names, strict=True):
        port.get_tensor().set_names({name})
        port.get_node().set_partial_shape(openvino.PartialShape([-1, -1]))
    graph.validate_nodes_and_infer_types()
    openvino.save_model(graph, path, compress_to_fp16=False)
    made = OpenVinoRunner(replace(model, dtype="float32"), path, streams=1)
    near = made.run(made.prepare(ModelTokenizer(model).tokenise(_PROBES, model.prompt_document)))
    if not np.all((exact * near).sum(axis=1) >= _COSINE):
        raise SettingsError(f"model.backend: OpenVINO does not compute {model.path} as torch does. Set model.backend to torch")


def _whole(loaded: Any, names: Sequence[str]) -> Any:
    import torch

    class Whole(torch.nn.Module):
        """Tokens in, unit vectors out."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = loaded

        def forward(self, *tensors: Any) -> Any:
            made = self.inner(dict(zip(names, tensors, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(made, dim=1)

    return Whole()
