"""What this machine computes with: its processor, its graphics cards, and the backends that are installed."""

import importlib.util
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

_CPUINFO = Path("/proc/cpuinfo")
_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
"""As Linux names them on x86 and on Arm."""


@dataclass(frozen=True, slots=True)
class Processor:
    """Of one machine, as far as the choice of a backend depends on it."""

    name: str
    cores: int
    features: frozenset[str]
    """As Linux names them; empty on other systems, which do not tell."""
    graphics: int
    """CUDA devices that torch can use."""
    openvino: bool
    """Whether OpenVINO is installed."""

    @property
    def bfloat16(self) -> bool:
        """Whether the processor multiplies bfloat16 itself; others only imitate it, slower than float32."""
        return bool(self.features & _BFLOAT16)


def describe_processor() -> Processor:
    """This machine. Imports torch, which alone knows the graphics cards that it can use."""
    import torch

    return Processor(
        name=processor_name(),
        cores=count_cores(),
        features=frozenset(_stated("flags", "Features").split()),
        graphics=torch.cuda.device_count(),
        openvino=importlib.util.find_spec("openvino") is not None,
    )


def processor_name() -> str:
    """The model's name where the system tells it."""
    return _stated("model name") or platform.processor() or "unknown"


@cache
def count_cores() -> int:
    """Cores that this process may use, two threads of one counted once: the second adds nothing to a product of matrices."""
    whole = psutil.cpu_count(logical=False) or psutil.cpu_count() or 1
    affinity = getattr(psutil.Process(), "cpu_affinity", None)  # macOS has none
    return min(whole, len(affinity())) if affinity else whole


def _stated(*names: str) -> str:
    """The first line of /proc/cpuinfo with one of these names; empty where there is none."""
    lines = _CPUINFO.read_text(encoding="utf-8").splitlines() if _CPUINFO.exists() else []
    pairs = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in pairs if name.strip() in names), "")
