"""What a figure was measured with: kind of machine and versions, nothing that names this one."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

_NAMED = ("ragkeep", "polars", "deltalake", "pymilvus", "milvus-lite", "sentence-transformers", "torch", "unstructured", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Machine:
    """Of the computer and what is installed on it."""

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str
    packages: dict[str, str]
    load: float
    """Runnable processes per core when the measurement began: above 1 the machine was shared."""


def describe_machine() -> Machine:
    """This machine, now."""
    cores = os.cpu_count() or 1
    return Machine(
        processor=_processor(),
        cores=cores,
        memory_gb=round(psutil.virtual_memory().total / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages={name: version(name) for name in _NAMED},
        load=round(os.getloadavg()[0] / cores, 2),
    )


def _processor() -> str:
    """The model's name where the system tells it."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor() or "unknown")
