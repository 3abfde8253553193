"""A model in int8: each layer's numbers fitted to the ranges of values that example texts bring about (static, by NNCF)."""

import io
import logging
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from embeddings.describe import ModelFolder
from embeddings.openvino_runner import OpenVinoRunner
from embeddings.tokenizer import ModelTokenizer


def quantise(model: ModelFolder, exported: Path, texts: Sequence[str], into: Path, /) -> None:
    """Write the graph to `into`. Of the texts nothing is kept but the extremes and means of each channel over all of them.

    Unpadded one by one: padding would count among the values that the ranges are fitted to.
    """
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):  # it draws bars, whoever reads
        warnings.simplefilter("ignore")
        import nncf  # type: ignore[import-untyped]
        import openvino  # type: ignore[import-untyped]

        nncf.set_log_level(logging.ERROR)
        runner = OpenVinoRunner(model, exported, streams=1)
        tokenised = ModelTokenizer(model).tokenise(texts, model.prompt_document)
        examples = [runner.prepare(tokenised.at([place])) for place in range(len(texts))]
        made = nncf.quantize(
            openvino.Core().read_model(exported),
            nncf.Dataset(examples),
            model_type=nncf.ModelType.TRANSFORMER,
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(examples),
        )
        openvino.save_model(made, into, compress_to_fp16=False)
