"""`auto` takes the best that a machine has, once, and says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from configs.model import ModelSettings
from embeddings.choose import choose
from embeddings.processor import Processor, count_cores, describe_processor, processor_name

AUTO = ModelSettings(backend="auto", dtype="auto")


def machine(*features: str, graphics: int = 0, openvino: bool = True) -> Processor:
    return Processor("any", 2, frozenset(features), graphics, openvino)


@pytest.mark.parametrize(
    ("has", "backend", "dtype"),
    [
        (machine("avx2", "avx512_bf16"), "openvino", "bfloat16"),
        (machine("amx_bf16"), "openvino", "bfloat16"),
        (machine("bf16"), "openvino", "bfloat16"),
        (machine("avx2"), "openvino", "float32"),
        (machine("avx512_bf16", openvino=False), "torch", "bfloat16"),
        (machine(openvino=False), "torch", "float32"),
        (machine("avx512_bf16", graphics=2), "torch", "bfloat16"),
    ],
)
def test_auto_is_the_fastest_that_the_machine_has(has, backend, dtype):
    chosen = choose(AUTO, has)
    assert (chosen.backend, chosen.dtype) == (backend, dtype)


@given(
    backend=st.sampled_from(["torch", "openvino", "auto"]),
    dtype=st.sampled_from(["float32", "bfloat16", "auto"]),
    features=st.sets(st.sampled_from(["avx2", "avx512_bf16"])),
    graphics=st.integers(0, 2),
    openvino=st.booleans(),
)
def test_what_the_settings_state_is_what_is_chosen_and_int8_never_by_itself(backend, dtype, features, graphics, openvino):
    chosen = choose(ModelSettings(backend=backend, dtype=dtype), machine(*features, graphics=graphics, openvino=openvino))
    assert backend in (chosen.backend, "auto")
    assert dtype in (chosen.dtype, "auto")
    assert (chosen.backend, chosen.dtype) != ("auto", "auto")
    assert chosen.dtype != "int8"
    assert chosen.backend in chosen.why
    assert chosen.dtype in chosen.why


def test_int8_is_openvinos_alone():
    assert choose(ModelSettings(backend="auto", dtype="int8"), machine(graphics=1)).backend == "openvino"
    with pytest.raises(ValidationError, match="torch does not compute in int8; set backend to `openvino`"):
        ModelSettings(dtype="int8")


def test_this_machine_is_described():
    here = describe_processor()
    assert here.cores == count_cores() >= 1
    assert here.name == processor_name() != ""
