"""The embedding model itself. Importing this module is cheap; making a SentenceEmbedder loads the backend and the weights."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contracts.errors import ContractError, SettingsError, UsageError
from contracts.ids import fingerprint
from contracts.ports import ModelIdentity, Progress, Vectors
from embeddings.batching import Runner, run_batches
from embeddings.budget import Budgets, measure_budget, worth_measuring
from embeddings.describe import ModelFolder
from embeddings.identify import model_fingerprint
from embeddings.processor import count_cores, processor_name
from embeddings.tokenizer import ModelTokenizer


class SentenceEmbedder:
    """`contracts.ports.Embedder` on whatever runs the model: sentence-transformers on torch unless a `runner` is given.

    Texts are sorted by length and batched by tokens, padding included: small even batches stay in the processor's cache and waste no
    padding. So a text's vector may differ with its batch, by 1e-7 in float32 and 1e-3 in bfloat16: compare keys, never vectors. With
    `model.exact` every text is a batch of its own, unpadded, and its vector is the same to the bit whatever was embedded with it.
    """

    def __init__(
        self,
        model: ModelFolder,
        identity: ModelIdentity,
        /,
        *,
        runner: Runner | None = None,
        batch_tokens: int | None = None,
        budgets: Budgets | None = None,
        progress: Progress | None = None,
    ) -> None:
        """`batch_tokens` unset: as `budgets` remembers for this machine, measured in the first long run; without them, the usual."""
        self.identity = identity
        self._tokenizer = ModelTokenizer(model)
        self._batch_tokens = 1 if model.exact else batch_tokens
        self._budgets = budgets
        self._embedded = 0
        self._progress = progress
        self._runner = runner or _on_torch(model)
        if self._runner.dimensions != identity.dimensions:
            raise SettingsError(
                f"model.name: {model.path} makes vectors of {self._runner.dimensions} dimensions, its configuration says "
                f"{identity.dimensions}"
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
        vectors, done = np.zeros((len(texts), self.identity.dimensions), dtype=np.float32), 0
        budget = self._batch_tokens or self._fitting(texts, lengths, prompt)
        for batch, made in run_batches(self._runner, texts, lengths, prompt, budget=budget):
            vectors[batch] = made
            done += len(batch)
            if self._progress:
                self._progress.advance("embed", done, len(texts))
        return _unit(vectors)

    def _fitting(self, texts: Sequence[str], lengths: list[int], prompt: str) -> int:
        """Tokens in a batch: as measured on this machine, now if the run is long enough to gain by it."""
        if not self._budgets:
            return self._runner.budgets[0]
        key = fingerprint("budget", model=model_fingerprint(self.identity), processor=processor_name(), cores=count_cores())
        known = self._budgets.get(key)
        if known is None and worth_measuring(self._embedded, len(texts)):
            known = measure_budget(self._runner, texts, lengths, prompt)
            self._budgets.put(key, known)
        self._embedded += len(texts)
        return known or self._runner.budgets[0]


def _on_torch(model: ModelFolder) -> Runner:
    from embeddings.torch_runner import TorchRunner

    return TorchRunner(model)


def _unit(vectors: Vectors) -> Vectors:
    """Each row divided by its length. Raises ContractError on one that has none, since a store would take it and never find it."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    broken = ~np.isfinite(lengths[:, 0]) | (lengths[:, 0] == 0)
    if broken.any():
        raise ContractError(
            f"the model made a vector without direction (NaN or zero) of text {int(np.argmax(broken))}. Are its weights whole?"
        )
    return np.asarray(vectors / lengths, dtype=np.float32)
