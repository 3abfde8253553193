"""Chunks of 100 to 300 real words, of which a third are copies of others with edits that are known, for the benchmark of duplicates.

The words are those of the public data sets that stand in `shared/data` beside the checkout; sentences are drawn anew for each chunk, so
two chunks that were not made from each other share a sentence at most.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

DATA = Path(__file__).parents[2] / "shared" / "data"

_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_WORDS = (100, 300)
_COPIES = 1 / 3
_RESTYLED = 0.1
_MOST_EDITS_A_WORD = 1 / 15


def read_sentences(folder: Path = DATA, /) -> list[str]:
    """Sentences of six words and more. FileNotFoundError, which says what is missing, where the data is not there."""
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: the texts of this benchmark are not there. It needs scifact/corpus.jsonl and others of them")
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("chroma_chunking/corpora/*.md"))]
    for name in ("scifact/corpus.jsonl", "xquad_en/corpus.jsonl", "xquad_vi/corpus.jsonl"):
        texts += [json.loads(line)["text"] for line in (folder / name).read_text(encoding="utf-8").strip().split("\n")]
    for path in sorted(folder.glob("vn_laws/*.jsonl")):
        texts += [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").strip().split("\n")]
    found = dict.fromkeys(sentence for text in texts for sentence in _SENTENCE_ENDS.split(text) if len(sentence.split()) > 5)
    return list(found)


def make_chunks(sentences: list[str], count: int, /, *, seed: int) -> Iterator[str]:
    """So many, the same for the same seed. A copy has one edit in each 15 words at most, which leaves a Jaccard similarity of about 0.5."""
    rng = Random(seed)
    recent: list[str] = []
    for _ in range(count):
        chunk = _edit(rng.choice(recent), sentences, rng) if recent and rng.random() < _COPIES else _compose(sentences, rng)
        recent.append(chunk)
        if len(recent) > 2_000:
            del recent[:1_000]
        yield chunk


def _compose(sentences: list[str], rng: Random) -> str:
    words: list[str] = []
    wanted = rng.randint(*_WORDS)
    while len(words) < wanted:
        words += rng.choice(sentences).split()
    return " ".join(words[:wanted])


def _edit(chunk: str, sentences: list[str], rng: Random) -> str:
    """Words replaced, left out or put in; or, now and then, only another case and punctuation."""
    if rng.random() < _RESTYLED:
        return chunk.upper().replace(",", " –")
    words = chunk.split()
    for _ in range(rng.randint(1, max(1, int(len(words) * _MOST_EDITS_A_WORD)))):
        place, other = rng.randrange(len(words)), rng.choice(rng.choice(sentences).split())
        words[place : place + 1] = rng.choice(([other], [], [words[place], other]))
    return " ".join(words)
