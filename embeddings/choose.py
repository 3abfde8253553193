"""Which backend and which numbers a model computes with, where the settings leave it to the machine."""

from dataclasses import dataclass

from configs.model import ModelSettings
from embeddings.processor import Processor


@dataclass(frozen=True, slots=True)
class Choice:
    """Part of a model's identity: another choice is another model to everything that is stored."""

    backend: str
    dtype: str
    why: str


def choose(how: ModelSettings, processor: Processor, /) -> Choice:
    """The fastest that this machine has among what the settings allow. Never int8, which only a calibration makes and a person chooses."""
    backend, of_backend = _backend(how, processor)
    dtype, of_dtype = _dtype(how, processor, backend)
    return Choice(backend, dtype, f"{backend}: {of_backend}; {dtype}: {of_dtype}")


def _backend(how: ModelSettings, processor: Processor) -> tuple[str, str]:
    if how.backend != "auto":
        return how.backend, "as the settings say"
    if how.dtype == "int8":
        return "openvino", "alone computes in int8"
    if processor.graphics:
        return "torch", f"uses the {processor.graphics} graphics cards"
    if processor.openvino:
        return "openvino", "is installed, and faster than torch on a processor"
    return "torch", "OpenVINO is not installed (extra fast-cpu)"


def _dtype(how: ModelSettings, processor: Processor, backend: str) -> tuple[str, str]:
    if how.dtype != "auto":
        return how.dtype, "as the settings say"
    if backend == "torch" and processor.graphics:
        return "bfloat16", "graphics cards multiply it fastest"
    if processor.bfloat16:
        return "bfloat16", "this processor multiplies it itself"
    return "float32", "this processor has no bfloat16"
