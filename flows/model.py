"""The embedding model of a workspace, known without loading it, loaded when the first text needs it."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from configs.endpoint import Recipient
from configs.model import ModelSettings
from configs.tokens import read_token
from contracts.errors import SettingsError
from contracts.ports import Embedder, ModelIdentity, Tokenizer, Vectors
from embeddings.batching import Runner
from embeddings.budget import Budgets
from embeddings.calibration import calibrated_weights
from embeddings.choose import Choice, choose
from embeddings.describe import ModelFolder, describe
from embeddings.identify import digest, digest_configuration, exported_name, identify, model_fingerprint
from embeddings.keep import keep_text
from embeddings.locate import locate
from embeddings.processor import describe_processor
from embeddings.tokenizer import ModelTokenizer
from ledger.models import Models


class Identified(Protocol):
    """A model by its name in the settings, and by what makes its vectors comparable."""

    @property
    def name(self) -> str: ...
    @property
    def identity(self) -> ModelIdentity: ...
    @property
    def fingerprint(self) -> str: ...


class Model(Identified, Protocol):
    """An embedding model and its tokenizer."""

    @property
    def tokenizer(self) -> Tokenizer: ...
    @property
    def tokenizer_identity(self) -> str: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def recipient(self) -> Recipient | None:
        """The other machine that its texts are sent to, None where they stay on this one."""
        ...


@dataclass
class MemoryModel:
    """The twin: any tokenizer and embedder. Remembers what it embedded."""

    tokenizer: Tokenizer
    tokenizer_identity: str
    inner: Embedder
    texts: list[str] = field(default_factory=list)
    name: str = "twin"
    recipient: Recipient | None = None

    @property
    def identity(self) -> ModelIdentity:
        return self.inner.identity

    @property
    def fingerprint(self) -> str:
        return model_fingerprint(self.identity)

    @property
    def embedder(self) -> Embedder:
        return self

    def embed_documents(self, texts: Sequence[str], /) -> Vectors:
        """What `inner` gives."""
        self.texts.extend(texts)
        return self.inner.embed_documents(texts)

    def embed_query(self, text: str, /) -> npt.NDArray[np.float32]:
        """What `inner` gives."""
        return self.inner.embed_query(text)


@dataclass(frozen=True)
class LocalModel:
    """A model on disk. Each property is computed once, and costs only what it must."""

    how: ModelSettings
    base: Path
    known: Models
    made: Path
    """The folder for everything that is made of models here: exported and calibrated ones, choices, and what was measured."""

    @property
    def name(self) -> str:
        return self.how.name

    @property
    def recipient(self) -> Recipient | None:
        return self.how.recipient

    @cached_property
    def folder(self) -> ModelFolder:
        """The model with its backend and numbers. SettingsError where int8 is asked for and was not calibrated."""
        served = f"-{self.served_as}" if self.how.backend == "http" else ""
        model = replace(self._published, backend=f"{self.choice.backend}{served}", dtype=self.choice.dtype)
        if model.dtype != "int8":
            return model
        return replace(model, weights=calibrated_weights(self.exports / "int8"))

    @cached_property
    def choice(self) -> Choice:
        """Backend and numbers: what the settings leave open is decided when it is first asked for, and stays so in this workspace."""
        if self.how.backend == "http":
            return Choice("http", "remote", "as the settings say")
        if "auto" not in (self.how.backend, self.how.dtype):
            return Choice(self.how.backend, self.how.dtype, "as the settings say")
        kept = self.exports / f"{self.how.backend}-{self.how.dtype}.json"
        if not kept.exists():
            keep_text(kept, json.dumps(asdict(choose(self.how, describe_processor())), indent=1))
        return Choice(**json.loads(kept.read_text(encoding="utf-8")))

    @cached_property
    def exports(self) -> Path:
        """The folder for what is made of this very model: of its weights, its configuration and its tokenizer."""
        published = identify(self._published, digest_of=self._digest)
        return self.made / exported_name(published.weights_sha256, digest_configuration(self._published))

    @cached_property
    def tokenizer(self) -> ModelTokenizer:
        return ModelTokenizer(self._published)

    @cached_property
    def tokenizer_identity(self) -> str:
        """A hash of the tokenizer's file, read without loading it."""
        return digest(self._published.tokenizer)

    @cached_property
    def identity(self) -> ModelIdentity:
        return identify(self.folder, digest_of=self._digest)

    @property
    def fingerprint(self) -> str:
        return model_fingerprint(self.identity)

    @cached_property
    def embedder(self) -> Embedder:
        """The loaded model: this is what imports torch or OpenVINO."""
        from embeddings.model import SentenceEmbedder

        runner, budgets = self._runner(), None if self.how.backend == "http" else Budgets(self.made / "budgets.json")
        return SentenceEmbedder(self.folder, self.identity, runner=runner, batch_tokens=self.how.batch_tokens, budgets=budgets)

    @property
    def served_as(self) -> str:
        """What an endpoint calls it."""
        return self.how.served_as or self.how.name

    def computing(self, backend: Literal["torch", "openvino"], dtype: Literal["float32", "bfloat16", "int8"], /) -> "LocalModel":
        """The same model by another backend and in other numbers."""
        return replace(self, how=self.how.model_copy(update={"backend": backend, "dtype": dtype}))

    def exported(self) -> Path:
        """The model in OpenVINO's format, written at the first call. SettingsError where OpenVINO is not installed."""
        _want_openvino()
        from embeddings.export import export

        return export(self._published, self.exports / "float32")

    def _runner(self) -> Runner | None:
        """None for torch, which the embedder brings itself."""
        if self.how.backend == "http":
            return self._at_endpoint()
        return self._on_openvino() if self.choice.backend == "openvino" else None

    def _at_endpoint(self) -> Runner:
        from embeddings.http_runner import Endpoint, HttpRunner

        token = read_token(self.base / self.how.token_file, "model.token_file", in_header=True) if self.how.token_file else None
        at = Endpoint(self.how.url or "", self.served_as, token, self.how.requests, self.how.requests_a_minute)
        return HttpRunner(self.folder, at, special_tokens=self.tokenizer.special_tokens)

    def _on_openvino(self) -> Runner:
        _want_openvino()
        exported = self.exported() if self.folder.dtype != "int8" else self.folder.weights[0]
        from embeddings.openvino_runner import OpenVinoRunner

        return OpenVinoRunner(self.folder, exported)

    @cached_property
    def _published(self) -> ModelFolder:
        """As its publisher made it, whatever computes it here."""
        return describe(locate(self.how.name, relative_to=self.base), self.how)

    def _digest(self, weights: Path) -> str:
        stat = weights.stat()
        known = self.known.get(str(weights), stat.st_size, stat.st_mtime_ns)
        if known is None:
            known = digest(weights)
            self.known.put(str(weights), stat.st_size, stat.st_mtime_ns, known)
        return known


def _want_openvino() -> None:
    if importlib.util.find_spec("openvino") is None:
        raise SettingsError("model.backend: OpenVINO is not installed. Install the extra fast-cpu (make install does), or choose torch")
