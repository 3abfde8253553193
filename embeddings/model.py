"""The embedding model itself. Importing this module is cheap; making a SentenceEmbedder loads torch and the weights."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.errors import ContractError, SettingsError, UsageError
from contracts.ports import ModelIdentity, Progress, Vectors
from embeddings.describe import ModelFolder
from embeddings.tokenizer import ModelTokenizer


class SentenceEmbedder:
    """`contracts.ports.Embedder` on sentence-transformers, on the fastest device there is, computing with the numbers that the model names.

    Texts are sorted by length and batched by tokens, padding included: small even batches stay in the processor's cache and waste no
    padding. Each core computes a batch of its own: several on one batch wait for the slowest, which on a shared machine takes many times
    as long. A text's vector may differ with its batch, by 1e-7 in float32 and 1e-3 in bfloat16, so compare keys, never vectors.
    """

    def __init__(
        self,
        model: ModelFolder,
        identity: ModelIdentity,
        /,
        *,
        batch_tokens: int = 512,
        streams: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """`streams` batches are computed at a time; unset: one a core, or one on any other device."""
        self.identity = identity
        self._tokenizer = ModelTokenizer(model)
        self._batch_tokens = batch_tokens
        self._progress = progress
        self._model = _load(model)
        self._streams = streams or (_cores() if self._model.device.type == "cpu" else 1)
        made = self._model.get_embedding_dimension()
        if made != identity.dimensions:
            raise SettingsError(
                f"model.name: {model.path} makes vectors of {made} dimensions, its configuration says {identity.dimensions}"
            )

    def embed_documents(self, texts: Sequence[str], /) -> Vectors:
        """One unit vector per text, in order. Raises ContractError on a text that the model would not read to its end."""
        lengths = self._lengths(texts, self.identity.prompt_document)
        for place, length in enumerate(lengths):
            if length > self._tokenizer.limit:
                raise ContractError(
                    f"text {place} of {len(texts)}: {length} tokens with prompt and special ones, the model reads {self._tokenizer.limit}. "
                    "Lower chunking.max_tokens, or end model.document_prompt with a space"
                )
        return self._embed(texts, lengths, self.identity.prompt_document)

    def embed_query(self, text: str, /) -> npt.NDArray[np.float32]:
        """The unit vector of a question. Raises UsageError on one that the model would not read to its end."""
        lengths = self._lengths([text], self.identity.prompt_query)
        if lengths[0] > self._tokenizer.limit:
            raise UsageError(f"the question has {lengths[0]} tokens, the model reads {self._tokenizer.limit}. Shorten it")
        vector: npt.NDArray[np.float32] = self._embed([text], lengths, self.identity.prompt_query)[0]
        return vector

    def _lengths(self, texts: Sequence[str], prompt: str) -> list[int]:
        return [count + self._tokenizer.special_tokens for count in self._tokenizer.count([prompt + text for text in texts])]

    def _embed(self, texts: Sequence[str], lengths: list[int], prompt: str) -> Vectors:
        vectors = np.zeros((len(texts), self.identity.dimensions), dtype=np.float32)
        planned, done = list(batches(lengths, self._batch_tokens)), 0
        prepared = (self._prepare([texts[place] for place in batch], [lengths[place] for place in batch], prompt) for batch in planned)
        with ThreadPoolExecutor(self._streams) as streams:
            for batch, made in zip(planned, streams.map(self._forward, prepared), strict=True):
                vectors[batch] = made
                done += len(batch)
                if self._progress:
                    self._progress.advance("embed", done, len(texts))
        return _unit(vectors)

    def _prepare(self, texts: list[str], lengths: list[int], prompt: str) -> dict[str, Any]:
        """Tokens and masks. In the calling thread, since a tokenizer is not for several at once."""
        features = self._model.preprocess(texts, prompt=prompt or None)
        _refuse_truncation(features, lengths)
        return {name: value.to(self._model.device) if hasattr(value, "to") else value for name, value in features.items()}

    def _forward(self, features: dict[str, Any]) -> Vectors:
        import torch

        with torch.inference_mode():
            vectors: Vectors = self._model(features)["sentence_embedding"].float().cpu().numpy()
            return vectors


@cache
def _cores() -> int:
    """How many cores torch would use for one batch; from then on it uses one, and as many batches run at a time. Hence asked only once."""
    import torch

    cores = torch.get_num_threads()
    torch.set_num_threads(1)
    return cores


def batches(lengths: Sequence[int], budget: int, /) -> Iterator[list[int]]:
    """Places of texts, longest first, in batches whose padded size stays within `budget` tokens; a longer text is a batch of its own."""
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: (-lengths[place], place)):
        if batch and lengths[batch[0]] * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _load(model: ModelFolder) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]

    # Without a dtype the weights are taken as they are stored, and others would give other vectors than the identity says. Modules after
    # the transformer know no such argument, hence `to`.
    dtype = getattr(torch, model.dtype)
    loaded = SentenceTransformer(str(model.path), local_files_only=True, model_kwargs={"dtype": dtype}).to(dtype)
    with suppress(AttributeError):  # a static model, a mere table of vectors, reads texts of any length and lets no limit be set
        loaded.max_seq_length = model.tokens
    return loaded.eval()


def _refuse_truncation(features: Any, lengths: list[int]) -> None:
    """The loader may tokenise otherwise than tokenizer.json does; a text that came out shorter has lost its end."""
    mask = features.get("attention_mask")
    if mask is not None and any(read < length for read, length in zip(mask.sum(dim=1).tolist(), lengths, strict=True)):
        raise ContractError(
            "the model reads fewer tokens of a text than its tokenizer.json counts: its folder is inconsistent. Fetch it again"
        )


def _unit(vectors: Vectors) -> Vectors:
    """Each row divided by its length. Raises ContractError on one that has none, since a store would take it and never find it."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    broken = ~np.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0)
    if broken.any():
        raise ContractError(
            f"the model made a vector without direction (NaN or zero) of text {int(np.argmax(broken))}. Are its weights whole?"
        )
    return np.asarray(vectors / lengths, dtype=np.float32)
