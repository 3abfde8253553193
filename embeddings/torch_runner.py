"""A model run by torch, on every graphics card that there is, else on every core."""

import importlib.util
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from itertools import cycle
from typing import Any

from contracts.errors import ContractError
from contracts.ports import Vectors
from embeddings.batching import Tokenised
from embeddings.describe import ModelFolder
from embeddings.processor import count_cores

_ON_CORES = (512, 256, 1_024, 2_048)
_ON_CARDS = (16_384, 4_096, 65_536)
"""Not measured: there was no graphics card. A card wants batches that fill it, and the measurement at the first large run chooses."""


class TorchRunner:
    """`embeddings.batching.Runner` on sentence-transformers.

    On a processor each core computes a batch of its own: several on one batch wait for the slowest, which on a shared machine takes many
    times as long. Of several graphics cards each holds the model, and they take batches in turn.
    """

    def __init__(self, model: ModelFolder, /, *, streams: int | None = None) -> None:
        import torch

        devices = choose_devices(torch.cuda.device_count(), mps=torch.backends.mps.is_available())
        on_cores = devices == ("cpu",)
        if on_cores:
            _one_thread_a_batch()
        self.models = [_load(model, device) for device in devices]
        self.streams = streams or (count_cores() if on_cores else len(devices))
        self.budgets = _ON_CORES if on_cores else _ON_CARDS
        self._turns: Iterator[Any] = cycle(self.models)

    @property
    def dimensions(self) -> int:
        """Of the vectors that it makes."""
        return int(self.models[0].get_embedding_dimension())

    def prepare(self, batch: Tokenised, /) -> Any:
        """The model whose turn it is, and the batch on its device."""
        model = next(self._turns)
        features = model.preprocess(list(batch.texts), prompt=batch.prompt or None)
        _refuse_truncation(features, batch.lengths)
        return model, {name: value.to(model.device) if hasattr(value, "to") else value for name, value in features.items()}

    def run(self, prepared: Any, /) -> Vectors:
        """Float32, whatever the model computes with."""
        import torch

        model, features = prepared
        with torch.inference_mode():
            vectors: Vectors = model(features)["sentence_embedding"].float().cpu().numpy()
            return vectors


def choose_devices(cards: int, /, *, mps: bool) -> tuple[str, ...]:
    """Every CUDA card, else Apple's, else the processor, as torch names them."""
    if cards:
        return tuple(f"cuda:{number}" for number in range(cards))
    return ("mps",) if mps else ("cpu",)


def choose_attention(device: str, dtype: str, /, *, installed: bool) -> str | None:
    """Flash attention where it can run: it knows CUDA and no float32. None: what transformers takes by itself."""
    return "flash_attention_2" if installed and device.startswith("cuda") and dtype != "float32" else None


@cache
def _one_thread_a_batch() -> None:
    import torch

    torch.set_num_threads(1)


def _load(model: ModelFolder, device: str) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]

    # Without a dtype the weights are taken as they are stored, and others would give other vectors than the identity says. Modules after
    # the transformer know no such argument, hence `to`.
    how: dict[str, Any] = {"dtype": getattr(torch, model.dtype)}
    attention = choose_attention(device, model.dtype, installed=importlib.util.find_spec("flash_attn") is not None)
    if attention:
        how["attn_implementation"] = attention
    loaded = SentenceTransformer(str(model.path), device=device, local_files_only=True, model_kwargs=how).to(how["dtype"])
    with suppress(AttributeError):  # a static model, a mere table of vectors, reads texts of any length and lets no limit be set
        loaded.max_seq_length = model.tokens
    return loaded.eval()


def _refuse_truncation(features: Any, lengths: Sequence[int]) -> None:
    """The loader may tokenise otherwise than tokenizer.json does; a text that came out shorter has lost its end."""
    mask = features.get("attention_mask")
    if mask is not None and any(read < length for read, length in zip(mask.sum(dim=1).tolist(), lengths, strict=True)):
        raise ContractError(
            "the model reads fewer tokens of a text than its tokenizer.json counts: its folder is inconsistent. Fetch it again"
        )
