"""What one core multiplies at most, by the better of two libraries, and how many multiplications a model needs."""

import json
from collections.abc import Callable, Sequence
from math import prod
from time import process_time
from typing import Any

import numpy as np

from embeddings.describe import ModelFolder

_SIDE = 1024
"""Of the square matrices whose product is the peak: larger than a core's cache, so as fast as it gets."""
_TIMES = 30
_HINTS = {"float32": "f32", "bfloat16": "bf16"}


def measure_peak(dtype: str, /) -> float:
    """Operations a second of one core in a product of two square matrices: the best of 30 by torch or, of floats, by OpenVINO."""
    products = [_by_torch(dtype)] + ([_by_openvino(_HINTS[dtype])] if dtype in _HINTS else [])
    return max(2.0 * _SIDE**3 / min(_seconds(product) for _ in range(_TIMES)) for product in products)


def count_operations(model: ModelFolder, lengths: Sequence[int], /) -> float:
    """Multiplications and additions in products of matrices for texts of so many tokens: with the weights, and among a text's own tokens.

    Padding is no work. Looking embeddings up, and all that is not a product of matrices, is left out.
    """
    from safetensors import safe_open

    met = 0
    for path in model.weights:
        with safe_open(path, "numpy") as tensors:
            layers = [name for name in tensors.keys() if "embeddings" not in name and "pooler" not in name]  # noqa: SIM118
            shapes = [tensors.get_slice(name).get_shape() for name in layers]
        met += sum(prod(shape) for shape in shapes if len(shape) == 2)
    config = json.loads(model.tokenizer.with_name("config.json").read_text(encoding="utf-8"))
    attention = 4.0 * config["num_hidden_layers"] * config["hidden_size"] * sum(length**2 for length in lengths)
    return 2.0 * met * sum(lengths) + attention


def _seconds(product: Callable[[], Any]) -> float:
    begun = process_time()
    product()
    return process_time() - begun


def _by_torch(dtype: str) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    if dtype == "int8":
        small = [torch.randint(-100, 100, (_SIDE, _SIDE), dtype=torch.int8) for _ in range(2)]
        return lambda: torch._int_mm(*small)
    left, right = (torch.rand(_SIDE, _SIDE).to(getattr(torch, dtype)) for _ in range(2))
    return lambda: left @ right


def _by_openvino(hint: str) -> Callable[[], Any]:
    import openvino
    from openvino import opset13

    rng = np.random.default_rng(7)
    left, right = (rng.random((_SIDE, _SIDE), dtype=np.float32) for _ in range(2))
    given = opset13.parameter([_SIDE, _SIDE], np.float32)
    model = openvino.Model([opset13.matmul(given, opset13.constant(right), False, False)], [given])
    how = {"INFERENCE_PRECISION_HINT": hint, "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
    request = openvino.Core().compile_model(model, "CPU", how).create_infer_request()
    return lambda: request.infer([left])
