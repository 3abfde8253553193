"""The embedder of all tools: no model, the same vector for the same text everywhere, and a count of the texts that it was asked for.

A text is the mean of its characters' vectors, each from a hash of the character, scaled to length 1. Such a mean is also what a static
embedding model computes, so `write_model` gives the same function to a tool that takes a folder with a model.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

DIMENSIONS = 64
_UNKNOWN = "[UNK]"
_KNOWN = (*(chr(code) for code in range(32, 127) if not chr(code).isupper()), "\n")

embedded: Counter[str] = Counter()
"""Texts that this process was asked to embed as documents, under the one key `texts`. A question does not count."""


def embed_documents(texts: Sequence[str], /) -> list[list[float]]:
    """One unit vector per text, counted."""
    embedded["texts"] += len(texts)
    return [embed(text) for text in texts]


def embed(text: str, /) -> list[float]:
    """The unit vector of a text."""
    sums = [0.0] * DIMENSIONS
    for character, times in Counter(text.lower()).items():
        for place, value in enumerate(_vector(character if character in _KNOWN else _UNKNOWN)):
            sums[place] += times * value
    length = math.sqrt(sum(value * value for value in sums)) or 1.0
    return [value / length for value in sums]


def write_model(folder: Path, /) -> Path:
    """The same function as a folder that sentence-transformers loads: a tokenizer of characters and a table of vectors."""
    import numpy as np
    from safetensors.numpy import save_file
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    part = folder / "0_StaticEmbedding"
    part.mkdir(parents=True)
    words = [_UNKNOWN, *_KNOWN]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token=_UNKNOWN))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.save(str(part / "tokenizer.json"))
    save_file({"embedding.weight": np.array([_vector(word) for word in words], dtype=np.float32)}, part / "model.safetensors")
    (part / "config.json").write_text(json.dumps({"hidden_size": DIMENSIONS, "max_position_embeddings": 8192}))
    kind = "sentence_transformers.models.StaticEmbedding"
    (folder / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": part.name, "type": kind}]))
    (folder / "config_sentence_transformers.json").write_text("{}")
    return folder


def _vector(character: str) -> list[float]:
    return [byte / 127.5 - 1 for byte in hashlib.blake2b(character.encode(), digest_size=DIMENSIONS).digest()]
