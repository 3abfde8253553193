"""A model run by OpenVINO on the processor. Knows neither torch nor transformers, so that it is loaded in moments."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.errors import SettingsError
from contracts.ports import Vectors
from embeddings.batching import Tokenised
from embeddings.describe import ModelFolder, padding_token
from embeddings.processor import count_cores

_PRECISION = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}
"""Of what lies between the products of matrices. In an int8 model these are int8 anyway; the rest in bfloat16 would gain a twentieth, and
make its vectors depend on whether the processor has it."""
_CAPABILITY = {"bfloat16": "BF16", "int8": "INT8"}


class OpenVinoRunner:
    """`embeddings.batching.Runner` on a model that `embeddings.export` or `embeddings.quantise` wrote to `exported`."""

    budgets = (2_048, 512, 1_024, 4_096)

    def __init__(self, model: ModelFolder, exported: Path, /, *, streams: int | None = None) -> None:
        import openvino  # type: ignore[import-untyped]

        core = openvino.Core()
        wanted = _CAPABILITY.get(model.dtype)
        if wanted and wanted not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise SettingsError(f"model.dtype: this processor does not compute in {model.dtype}. Set it to float32, or use another machine")
        self.streams = streams or count_cores()
        how = {
            "INFERENCE_PRECISION_HINT": _PRECISION[model.dtype],
            "NUM_STREAMS": self.streams,
            "INFERENCE_NUM_THREADS": self.streams,
            "ENABLE_CPU_PINNING": False,  # two processes would sit on the same cores
        }
        self._compiled = core.compile_model(exported, "CPU", how)
        self._inputs = {name for port in self._compiled.inputs for name in port.names}
        self._own = threading.local()
        self._padding = padding_token(model)

    @property
    def dimensions(self) -> int:
        """Of the vectors that it makes."""
        return int(self._compiled.output(0).get_partial_shape()[1].get_length())

    def prepare(self, batch: Tokenised, /) -> dict[str, npt.NDArray[np.int64]]:
        """The inputs that the model has, all texts padded to the longest."""
        shape = (len(batch.ids), max(batch.lengths))
        features = {
            "input_ids": np.full(shape, self._padding, dtype=np.int64),
            "attention_mask": np.zeros(shape, dtype=np.int64),
            "token_type_ids": np.zeros(shape, dtype=np.int64),
        }
        for row, each in enumerate(batch.ids):
            features["input_ids"][row, : len(each)] = each
            features["attention_mask"][row, : len(each)] = 1
        return {name: value for name, value in features.items() if name in self._inputs}

    def run(self, prepared: Any, /) -> Vectors:
        """Unit vectors. Each thread has a request of its own, whose memory is used again for its next batch."""
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        made: Vectors = self._own.request.infer(prepared)[0].astype(np.float32)  # a copy
        return made
