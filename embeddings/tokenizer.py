"""The embedding model's own tokens, without loading the model."""

from collections.abc import Sequence

from tokenizers import Tokenizer

from contracts.errors import SettingsError
from embeddings.describe import ModelFolder
from embeddings.identify import digest


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

    def count(self, texts: Sequence[str], /) -> list[int]:
        """How many tokens each text has, without special tokens and prompt; equals the number of its spans."""
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
