"""What a model's folder says about the model, read from its configuration files without loading it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from configs.model import ModelSettings
from contracts.errors import SettingsError

_POSITION_OFFSETS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet", "xmod"})
"""Model types whose first positions are taken by padding: of 514 positions 512 can be used."""


_STATIC = ".StaticEmbedding"
_STATIC_TOKENS = 8_192
"""A static model reads any number of tokens; a chunk is smaller than that."""


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A model on disk. `tokens` counts everything that it reads at once: special tokens and prompt too."""

    path: Path
    tokenizer: Path
    weights: tuple[Path, ...]
    configuration: tuple[Path, ...]
    dimensions: int
    tokens: int
    prompt_document: str
    prompt_query: str
    dtype: str
    backend: str
    exact: bool


def describe(folder: Path, how: ModelSettings, /) -> ModelFolder:
    """The model in `folder`, with the prompts of the settings where they state any. Raises SettingsError on a folder without weights."""
    modules = _read(folder / "modules.json") or [{"path": "", "type": "Transformer"}]
    parts = [folder / module["path"] for module in modules]
    weights = tuple(path for part in dict.fromkeys(parts) for path in _weights(part))
    if not weights:
        raise SettingsError(f"model.name: {folder} has no weights (model.safetensors or pytorch_model.bin). Fetch the model again")
    document, query = _prompts(folder, how)
    return ModelFolder(
        path=folder,
        tokenizer=parts[0] / "tokenizer.json",
        weights=weights,
        configuration=_configuration(folder, parts),
        dimensions=_dimensions(parts, [module["type"] for module in modules]),
        tokens=_STATIC_TOKENS if modules[0]["type"].endswith(_STATIC) else _tokens(parts[0]),
        prompt_document=document,
        prompt_query=query,
        dtype=how.dtype,
        backend=how.backend,
        exact=how.exact,
    )


def padding_token(model: ModelFolder, /) -> int:
    """What fills a batch behind its shorter texts. Some models count positions by it, so it is not to be chosen."""
    return int(_read(model.tokenizer.with_name("config.json")).get("pad_token_id") or 0)


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _weights(part: Path) -> list[Path]:
    """Safetensors where there are any, as the loader prefers them; a large model has several."""
    return sorted(part.glob("*.safetensors")) or sorted(part.glob("pytorch_model*.bin"))


def _configuration(folder: Path, parts: list[Path]) -> tuple[Path, ...]:
    """Files that, with the same weights, would give other vectors."""
    names = [part / name for part in parts for name in ("config.json", "tokenizer.json", "sentence_bert_config.json")]
    return tuple(path for path in dict.fromkeys([folder / "modules.json", *names]) if path.is_file())


def _prompts(folder: Path, how: ModelSettings) -> tuple[str, str]:
    stated = _read(folder / "config_sentence_transformers.json")
    prompts: dict[str, str] = stated.get("prompts") or {}
    default = prompts.get(stated.get("default_prompt_name") or "", "")
    document = next((prompts[name] for name in ("document", "passage", "corpus") if name in prompts), default)
    query = prompts.get("query", default)
    return (
        document if how.document_prompt is None else how.document_prompt,
        query if how.query_prompt is None else how.query_prompt,
    )


def _dimensions(parts: list[Path], types: list[str]) -> int:
    """Each module after the transformer may change the width: pooling by several modes at once multiplies it, a dense layer sets it."""
    config = _read(parts[0] / "config.json")
    width = int(config.get("hidden_size") or config.get("d_model") or config.get("dim") or 0)
    if not width and types[0].endswith(_STATIC):
        width = _table_width(parts[0])
    for part, kind in zip(parts[1:], types[1:], strict=True):
        stated = _read(part / "config.json")
        if kind.endswith(".Pooling"):
            width = int(stated.get("embedding_dimension") or stated.get("word_embedding_dimension") or width) * _pooling_modes(stated)
        elif kind.endswith(".Dense"):
            width = int(stated["out_features"])
    if not width:
        raise SettingsError(f"model.name: {parts[0] / 'config.json'} does not say how many dimensions its vectors have")
    return width


def _table_width(part: Path) -> int:
    """Of a static model, which is a vector a token and says nothing else about itself."""
    from safetensors import safe_open

    with safe_open(_weights(part)[0], "numpy") as tensors:
        return int(tensors.get_slice(next(iter(tensors.keys()))).get_shape()[1])


def _pooling_modes(stated: dict[str, Any]) -> int:
    modes = stated.get("pooling_mode")
    if modes is not None:
        return 1 if isinstance(modes, str) else len(modes)
    return max(1, sum(bool(on) for name, on in stated.items() if name.startswith("pooling_mode_")))


def _tokens(part: Path) -> int:
    """What sentence-transformers will cut at: the stated length, else the smaller of what the positions and the tokenizer allow."""
    stated = _read(part / "sentence_bert_config.json").get("max_seq_length")
    if stated:
        return int(stated)
    config = _read(part / "config.json")
    positions = int(config.get("max_position_embeddings") or config.get("n_positions") or 512)
    if config.get("model_type") in _POSITION_OFFSETS:
        positions -= 2
    return min(positions, int(_read(part / "tokenizer_config.json").get("model_max_length") or positions))
