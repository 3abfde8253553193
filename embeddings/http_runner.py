"""A model run by somebody else's server: an OpenAI-compatible endpoint, as TEI, vLLM and Infinity have. What is sent is the texts alone."""

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import tenacity

from contracts.errors import ContractError, SettingsError, StoreUnavailable
from contracts.ports import Vectors
from embeddings.batching import Tokenised
from embeddings.describe import ModelFolder

_TEXTS = 32
"""In a request: what TEI takes at most, unless told otherwise."""
_TIMES = httpx.Timeout(120, connect=10)
_ATTEMPTS = 6
_LONGEST_WAIT_SECONDS = 120.0
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the model is served, as what, and how much of it may be asked for."""

    url: str
    served_as: str
    token: str | None = None
    requests: int = 4
    requests_a_minute: int | None = None
    pause: float = 1.0
    """Seconds before the second attempt; before each further one it is twice as long."""


class _Passing(Exception):
    """What another attempt may mend, and how long the server asks to wait."""

    def __init__(self, said: str, wait: float | None = None) -> None:
        super().__init__(said)
        self.wait = wait


class HttpRunner:
    """`embeddings.batching.Runner` on an endpoint.

    Proxies and other settings of the environment are left alone, no redirect is followed, and certificates are verified. What may pass
    (no connection, no answer in time, 408, 429, 500, 502 to 504) is tried six times, each time after a longer pause or the one that the
    server asks for. Errors name the address and never hold a text or the token.
    """

    budgets = (8_192,)

    def __init__(self, model: ModelFolder, at: Endpoint, /, *, special_tokens: int) -> None:
        """`special_tokens` are those that the model's tokenizer puts around each text: a server may count them or not."""
        self.streams = at.requests
        self.dimensions = model.dimensions
        self._at = at
        self._special_tokens = special_tokens
        headers = {"Authorization": f"Bearer {at.token}"} if at.token else {}
        self._client = httpx.Client(headers=headers, timeout=_TIMES, trust_env=False, follow_redirects=False)
        self._pace = _Pace(at.requests_a_minute)
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            wait=self._wait,
            reraise=True,
        )

    def prepare(self, batch: Tokenised, /) -> list[tuple[list[str], int]]:
        """Requests of at most 32 texts, each with the least number of tokens that the server has to have read."""
        asked = []
        for start in range(0, len(batch.texts), _TEXTS):
            part = [batch.prompt + text for text in batch.texts[start : start + _TEXTS]]
            asked.append((part, sum(batch.lengths[start : start + _TEXTS]) - self._special_tokens * len(part)))
        return asked

    def run(self, prepared: Any, /) -> Vectors:
        """The server's vectors. StoreUnavailable where it does not answer, ContractError where it answers something else."""
        return np.concatenate([self._ask(texts, tokens) for texts, tokens in prepared])

    def _ask(self, texts: list[str], tokens: int) -> Vectors:
        try:
            answer = self._retrying.copy()(self._post, texts)
        except _Passing as error:
            raise StoreUnavailable(f"{self._at.url}: {error}, {_ATTEMPTS} times. Is the endpoint up? Run it again when it is") from None
        return self._read(answer, len(texts), tokens)

    def _post(self, texts: list[str]) -> httpx.Response:
        self._pace.wait()
        question = {"model": self._at.served_as, "input": texts, "encoding_format": "float"}
        try:
            answer = self._client.post(f"{self._at.url}/embeddings", json=question)
        except httpx.TransportError as error:
            raise _Passing(type(error).__name__) from None
        if answer.status_code in _PASSING:
            raise _Passing(f"status {answer.status_code}", _asked_wait(answer))
        if answer.status_code in (401, 403):
            raise SettingsError(f"{self._at.url}: it refuses the token ({answer.status_code}). Is model.token_file the right file?")
        if answer.status_code != httpx.codes.OK:
            raise StoreUnavailable(
                f"{self._at.url}: status {answer.status_code} to {len(texts)} texts for model {self._at.served_as!r}. Are model.url and "
                "model.served_as what it serves?"
            )
        return answer

    def _wait(self, attempt: tenacity.RetryCallState) -> float:
        failed = attempt.outcome.exception() if attempt.outcome else None
        asked = failed.wait if isinstance(failed, _Passing) else None
        usual = self._at.pause * 2 ** (attempt.attempt_number - 1)
        return float(min(usual if asked is None else asked, _LONGEST_WAIT_SECONDS))

    def _read(self, answer: httpx.Response, texts: int, tokens: int) -> Vectors:
        """In the order asked, which `index` states."""
        try:
            said = answer.json()
            rows = sorted(said["data"], key=lambda row: row["index"])
            places = [row["index"] for row in rows]
            made = [np.asarray(row["embedding"], dtype=np.float32) for row in rows]
            read = int((said.get("usage") or {}).get("prompt_tokens") or 0)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self._wrong("answers no embeddings in OpenAI's form") from None
        if places != list(range(texts)):
            raise self._wrong(f"answers {len(places)} vectors, or numbers them wrongly, where {texts} were asked for")
        shapes = {vector.shape for vector in made}
        if shapes != {(self.dimensions,)}:
            raise self._wrong(f"makes vectors of shape {sorted(shapes)}, where model.name has {self.dimensions} dimensions")
        if not all(np.isfinite(vector).all() for vector in made):
            raise self._wrong("makes vectors that hold NaN or infinity")
        if 0 < read < tokens:
            raise self._wrong(f"read {read} of at least {tokens} tokens: it cuts texts, or serves a model with another tokenizer")
        return np.stack(made)

    def _wrong(self, what: str) -> ContractError:
        return ContractError(f"{self._at.url}: it {what}. Does it serve the model of model.name as {self._at.served_as!r}?")


class _Pace:
    """Lets so many through in a minute, evenly, whichever threads they are of."""

    def __init__(self, a_minute: int | None, /) -> None:
        self._apart = 60 / a_minute if a_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            mine = max(self._next, time.monotonic())
            self._next = mine + self._apart
        time.sleep(max(0.0, mine - time.monotonic()))


def _asked_wait(answer: httpx.Response) -> float | None:
    """Seconds of `Retry-After`; a date there is left to the usual pause."""
    try:
        seconds = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
