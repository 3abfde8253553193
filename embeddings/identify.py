"""What makes two vectors comparable, known without loading the model."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from contracts.ids import Identity, fingerprint
from contracts.ports import ModelIdentity
from embeddings.describe import ModelFolder

_EXPORT = 1
"""Raised whenever `embeddings.export` would write the same model otherwise."""


def digest(path: Path, /) -> str:
    """The sha256 of a file, in hex, as model publishers state it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identify(model: ModelFolder, /, *, digest_of: Callable[[Path], str] = digest) -> ModelIdentity:
    """The identity of a model: any difference in it is another model. `digest_of` may answer from a cache by path, size and mtime.

    `weights_sha256` is that of the weights file itself where there is one, else of the list of digests. `backend` carries a digest of the
    configuration and the tokenizer, since the same weights with another pooling or vocabulary give other vectors, and says if vectors are
    `exact`, a promise that others do not keep.
    """
    way = f"{model.backend}-exact" if model.exact else model.backend
    return ModelIdentity(
        weights_sha256=_combined([digest_of(path) for path in model.weights]),
        backend=f"{way}-{digest_configuration(model)}",
        dtype=model.dtype,
        dimensions=model.dimensions,
        window=model.tokens,
        prompt_document=model.prompt_document,
        prompt_query=model.prompt_query,
        normalised=True,
    )


def digest_configuration(model: ModelFolder, /) -> str:
    """64 bits of everything beside the weights that decides what the vectors are."""
    return _combined([digest(path) for path in model.configuration])[:16]


def exported_name(weights_sha256: str, configuration: str, /) -> str:
    """A folder's name for everything that is made of this model: of weights, of configuration and tokenizer, and of the exporter."""
    return fingerprint("export", version=_EXPORT, weights=weights_sha256, configuration=configuration)


@lru_cache(maxsize=64)
def model_fingerprint(model: ModelIdentity, /) -> str:
    """A model's identity as 128 bits."""
    return fingerprint("embedding", **asdict(model))


def cache_key(identity: Identity, model: ModelIdentity, text: str, /) -> str:
    """The address of a text's vector: model and exact text, keyed, so that nobody can look up a text that they guess."""
    return identity.content("vector", model_fingerprint(model), identity.text(text))


def _combined(digests: list[str]) -> str:
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()
