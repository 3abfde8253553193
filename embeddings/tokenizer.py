"""The embedding model's own tokens, without loading the model."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from contracts.errors import SettingsError
from embeddings.batching import Tokenised
from embeddings.describe import ModelFolder
from embeddings.identify import digest
from embeddings.processor import count_cores

_TEXTS_A_THREAD = 32
"""Fewer are tokenised before another thread has begun."""


class ModelTokenizer:
    """`contracts.ports.Tokenizer` on a model's `tokenizer.json`; spans are in characters of the given text, whatever is normalised.

    A character that takes several tokens (an emoji in a byte-level vocabulary) gives each of them its own span: spans may repeat, but
    never go back.
    """

    def __init__(self, model: ModelFolder, /) -> None:
        self._tokenizer = Tokenizer.from_file(str(model.tokenizer))
        # Published files carry the truncation and padding of somebody's last batch: without this, long texts lose tokens silently.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.identity = digest(model.tokenizer)
        self.special_tokens = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self.limit = model.tokens
        self.window = model.tokens - self.special_tokens - self.count([model.prompt_document])[0]
        if self.window < 1:
            raise SettingsError(f"model.document_prompt: it fills all {model.tokens} tokens that the model reads. Shorten it")

    def spans(self, texts: Sequence[str], /) -> list[list[tuple[int, int]]]:
        """Character spans of each text's tokens, in order, without special tokens."""
        return [encoding.offsets for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def tokenise(self, texts: Sequence[str], prompt: str, /) -> Tokenised:
        """The texts as the model reads them, with the prompt before each; many of them on all cores."""
        asked = [prompt + text for text in texts]
        if len(asked) <= _TEXTS_A_THREAD:
            return Tokenised(texts, prompt, self._ids(asked))
        parts = [asked[start : start + _TEXTS_A_THREAD] for start in range(0, len(asked), _TEXTS_A_THREAD)]
        with ThreadPoolExecutor(count_cores()) as threads:
            return Tokenised(texts, prompt, [ids for part in threads.map(self._ids, parts) for ids in part])

    def count(self, texts: Sequence[str], /) -> list[int]:
        """How many tokens each text has, without special tokens and prompt; equals the number of its spans."""
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _ids(self, texts: list[str]) -> list[npt.NDArray[np.int32]]:
        return [np.array(encoding.ids, dtype=np.int32) for encoding in self._tokenizer.encode_batch_fast(texts)]
