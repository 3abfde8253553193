"""A workspace of many people's letters, as large as one likes: the real stores, but no parser's process and no model's weights.

Its vectors are of hashed words, as long as the model's and under the model's name, so that the command line takes the index for its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt

from benchmarks.prose import sentence
from configs.load import load_settings
from contracts.ports import ModelIdentity, Vectors
from embeddings.memory import HashEmbedder
from flows.consent import import_words
from flows.ingest import ingest_from
from flows.model import MemoryModel
from flows.workspace import Workspace, open_workspace
from parsing.memory import parse_plain
from ragkeep.printing import Silence
from sources.memory import MemorySource

LETTERS = 5
CHUNKS = 4
"""Of a letter; so a person has 20."""
_WORDS = 72
"""Of a paragraph at least: two are more than a chunk takes."""
_NOW = datetime(2026, 1, 1, tzinfo=UTC)

_SETTINGS = """\
sources:
  people:
    path: documents
    terms: {lawful_basis: consent, purposes: [retrieval], classification: public}
chunking: {max_tokens: 160, min_tokens: 24}
"""


@dataclass(frozen=True)
class HashedWords:
    """An embedder without weights that goes by the name of another model."""

    identity: ModelIdentity
    words: HashEmbedder

    def embed_documents(self, texts: Sequence[str], /) -> Vectors:
        """A unit vector a text."""
        return self.words.embed_documents(texts)

    def embed_query(self, text: str, /) -> npt.NDArray[np.float32]:
        """A unit vector."""
        return self.words.embed_query(text)


def person(number: int, /) -> str:
    """How the source names the person of that number."""
    return f"person.{number:06}@example.org"


def letter(number: int, place: int, /) -> str:
    """The text of one of a person's letters, the same every time. Two people's first letters begin alike: one of the two is redundant."""
    rng = Random(f"{number} {place}")
    paragraphs = [_paragraph(rng) for _ in range(CHUNKS)]
    if place == 0:
        paragraphs[0] = _paragraph(Random(f"shared by {number // 2}"))
    return "\n\n".join(paragraphs)


def make_workspace(root: Path, people: int, /, *, now: datetime = _NOW) -> int:
    """How many chunks the index holds of a new workspace of so many people, all of whom agree."""
    root.mkdir(parents=True)
    (root / "ragkeep.yaml").write_text(_SETTINGS, encoding="utf-8")
    words = root.parent / "words.csv"
    words.write_text("\n".join(["subject,purpose,state", *(f"{person(n)},retrieval,granted" for n in range(people))]), encoding="utf-8")
    places = {f"{person(number)}/{place}.txt": (number, place) for number in range(people) for place in range(LETTERS)}
    files = {uri: letter(*place).encode() for uri, place in places.items()}
    terms = {uri: {"subjects": [person(number)]} for uri, (number, _) in places.items()}
    with opened(root, now=now) as workspace:
        import_words(workspace, words, now=now)
        ingest_from(workspace, [MemorySource("people", files, terms)], retry_quarantined=False, now=now, progress=Silence())
        return workspace.index.state().rows


@contextmanager
def opened(root: Path, /, *, now: datetime, shared: bool = False) -> Iterator[Workspace]:
    """The workspace with the twins of parser and model."""
    settings = load_settings(root / "ragkeep.yaml")
    with open_workspace(root, settings, base=root, command="benchmark", now=now, shared=shared) as real:
        identity = real.model.identity
        embedder = HashedWords(identity, HashEmbedder(identity.dimensions, identity.window))
        workspace = replace(real, model=MemoryModel(real.model.tokenizer, real.model.tokenizer_identity, embedder), parse=parse_plain)
        try:
            yield workspace
        finally:
            workspace.close()


def _paragraph(rng: Random) -> str:
    said: list[str] = []
    while sum(len(each.split()) for each in said) < _WORDS:
        said.append(sentence(rng))
    return " ".join(said)
