"""The embedding model itself. Importing this module is cheap; making a SentenceEmbedder loads the backend and the weights."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from contracts.errors import ContractError, SettingsError, UsageError
from contracts.ids import fingerprint
from contracts.ports import ModelIdentity, Progress, Vectors
from embeddings.batching import Runner, Tokenised, batches, run_batches
from embeddings.budget import Budgets, fastest, measure_budgets, worth_measuring
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
        tokenised = self._tokenizer.tokenise(texts, self.identity.prompt_document)
        for place, length in enumerate(tokenised.lengths):
            if length > self._tokenizer.limit:
                raise ContractError(
                    f"text {place} of {len(texts)}: {length} tokens with prompt and special ones, the model reads {self._tokenizer.limit}. "
                    "Lower chunking.max_tokens, or end model.document_prompt with a space"
                )
        return self._embed(tokenised)

    def embed_query(self, text: str, /) -> npt.NDArray[np.float32]:
        """The unit vector of a question. Raises UsageError on one that the model would not read to its end."""
        tokenised = self._tokenizer.tokenise([text], self.identity.prompt_query)
        if (length := tokenised.lengths[0]) > self._tokenizer.limit:
            raise UsageError(f"the question has {length} tokens, the model reads {self._tokenizer.limit}. Shorten it")
        vector: npt.NDArray[np.float32] = self._embed(tokenised)[0]
        return vector

    def _embed(self, texts: Tokenised) -> Vectors:
        vectors, done = np.zeros((len(texts.texts), self.identity.dimensions), dtype=np.float32), 0
        for places, made in self._in_batches(texts):
            vectors[places] = made
            done += len(places)
            if self._progress:
                self._progress.advance("embed", done, len(texts.texts))
        self._embedded += len(vectors)
        return _unit(vectors)

    def _in_batches(self, texts: Tokenised) -> Iterator[tuple[list[int], Vectors]]:
        """In batches of as many tokens as stated, as was fastest on this machine, or as usual; measured by the way in a long run."""
        budget, runner = self._batch_tokens, self._runner
        if budget is None and self._budgets:
            key = fingerprint("budget", model=model_fingerprint(self.identity), processor=processor_name(), cores=count_cores())
            budget = self._budgets.get(key)
            if budget is None and worth_measuring(self._embedded, len(texts.texts)):
                seconds = yield from measure_budgets(runner, texts)
                self._budgets.put(key, fastest(seconds))
                return
        yield from run_batches(runner, texts, batches(texts.lengths, budget or runner.budgets[0], streams=runner.streams))


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
