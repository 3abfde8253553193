"""What a figure was measured with: kind of machine and versions, nothing that names this one."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version

import psutil

from embeddings.processor import processor_name

_NAMED = (
    "ragkeep",
    "polars",
    "deltalake",
    "pymilvus",
    "milvus-lite",
    "sentence-transformers",
    "torch",
    "openvino",
    "nncf",
    "unstructured",
    "sqlalchemy",
)


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
        processor=processor_name(),
        cores=cores,
        memory_gb=round(psutil.virtual_memory().total / 2**30),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages={name: version(name) for name in _NAMED},
        load=round(os.getloadavg()[0] / cores, 2),
    )
