"""Governed search: from a question to the hits that its reader may see, or to the reason why there are none."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

import polars as pl

from configs.settings import RetrievalSettings
from contracts.errors import UsageError
from contracts.ports import Embedder, VectorQuery
from contracts.terms import Classification
from retrieval.candidates import find_candidates
from retrieval.fuse import fuse
from retrieval.ports import AccessTerms, Index, Standing
from retrieval.readers import Reader, open_keys
from retrieval.withhold import withhold

MOST_HITS = 1_000
_DEEPEST = 4_000
"""Rows looked at, at most, where much of what is found has to be withheld."""
_DEEPER = 4


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what for."""

    text: str
    purpose: str = "retrieval"
    limit: int = 5
    hybrid: bool = True
    """By words as well as by meaning; the settings may rule it out for all questions."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is asked: the index, the model that it was made with, what its access keys stand for, and what was refused since; and how."""

    store: Index
    embedder: Embedder
    terms: Collection[AccessTerms]
    standing: Standing
    how: RetrievalSettings = field(default_factory=RetrievalSettings)
    model: str = ""
    """Fingerprint of the embedder's model, if the store is to check that its vectors are that one's."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage with the place that it comes from. A higher score is better; scores of different questions do not compare."""

    chunk_id: str
    document_id: str
    uri: str
    text: str
    score: float
    page_start: int
    page_end: int
    char_start: int
    char_end: int
    heading_path: str
    source_id: str
    title: str
    language: str
    version_id: str
    classification: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits, best first; or none, and one sentence that says why."""

    hits: tuple[Hit, ...]
    reason: str | None
    rule: str = ""
    """The reason as a word, for the audit."""
    note: str | None = None
    """What was not as good as it could be."""


def search(question: Question, reader: Reader, corpus: Corpus, /, *, now: datetime) -> Answer:
    """At most `limit` hits that the terms open to this reader for this purpose, unexpired at `now`, refused by nobody, nothing erased.

    The standing is asked after the store, so what was acknowledged before the search ended holds. Raises StoreUnavailable where the
    index or the standing cannot be asked: no answer rather than one that may be unlawful.
    """
    if not 1 <= question.limit <= MOST_HITS:
        raise UsageError(f"a search gives 1 to {MOST_HITS} hits, not {question.limit}.")
    keys = open_keys(reader, question.purpose, corpus.terms)
    refusal = _refusal(question, reader, corpus, keys)
    if refusal:
        return refusal
    hybrid = question.hybrid and corpus.how.hybrid
    kept, withheld = _look(replace(question, hybrid=hybrid), reader, corpus, keys, now)
    if not kept.height:
        return _nothing(question, reader, corpus, withheld)
    ranked = fuse(question.text, kept, corpus.how) if hybrid else kept.rename({"cosine": "score"})
    best = ranked.head(question.limit).select(column.name for column in fields(Hit))
    return Answer(tuple(Hit(**row) for row in best.to_dicts()), None, note=_WORDLESS if hybrid and not corpus.store.knows_words() else None)


_WORDLESS = (
    "The index's server cannot search by words: what is near in meaning was ranked by words too, but a passage that only words would find "
    "is missing. Servers from Milvus 2.5 on can."
)


def _refusal(question: Question, reader: Reader, corpus: Corpus, keys: tuple[str, ...]) -> Answer | None:
    """Why the store need not be asked at all."""
    if not question.text.strip():
        return Answer((), "The question is empty.", "question.empty")
    if question.purpose not in reader.purposes:
        allowed = ", ".join(sorted(reader.purposes)) or "none"
        said = f"Reader {reader.name} may not search for the purpose {question.purpose!r}; theirs are: {allowed}."
        return Answer((), said, "purpose.not_allowed")
    if not corpus.terms:
        return Answer((), "The index is empty: nothing has been admitted to it yet.", "index.empty")
    if not any(question.purpose in terms.purposes for terms in corpus.terms):
        return Answer((), f"Nothing in the index was admitted for the purpose {question.purpose!r}.", "purpose.not_admitted")
    if not keys:
        said = f"Nothing in the index is open to {_seen_as(reader)} for the purpose {question.purpose!r}."
        return Answer((), said, "access.nothing_open")
    return None


def _look(question: Question, reader: Reader, corpus: Corpus, keys: tuple[str, ...], now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ask ever deeper until enough is kept, the index has no more, or it is deep enough."""
    depth = max(question.limit, corpus.how.depth) if question.hybrid else question.limit
    query = VectorQuery(corpus.embedder.embed_query(question.text), question.text, keys, int(now.timestamp()), depth, model=corpus.model)
    while True:
        found, exhausted = find_candidates(corpus.store, query, hybrid=question.hybrid)
        permitted = found.filter(_permitted(query, question.purpose, reader))
        kept, withheld = withhold(permitted, corpus.standing, purpose=question.purpose, now=now)
        if kept.height >= question.limit or exhausted or query.limit >= _DEEPEST:
            return kept, withheld
        query = replace(query, limit=min(query.limit * _DEEPER, _DEEPEST))


def _permitted(query: VectorQuery, purpose: str, reader: Reader) -> pl.Expr:
    """The store's own filter once more, in other words: a fault there must not become a disclosure."""
    seen = [each.value for each in Classification if each.rank <= reader.clearance.rank]
    fresh = (pl.col("expires_at") == 0) | (pl.col("expires_at") > query.now)
    open_ = pl.col("access_key").is_in(query.access_keys) & pl.col("classification").is_in(seen)
    return fresh & open_ & pl.col("purposes").list.contains(purpose)


def _nothing(question: Question, reader: Reader, corpus: Corpus, withheld: pl.DataFrame) -> Answer:
    if withheld.height:
        erased = withheld.filter(pl.col("rule") == "erased").height
        said = (
            f"All {withheld.height} passages found are withheld: {erased} erased, {withheld.height - erased} not allowed any more by the "
            "people in them; the next run removes them."
        )
        return Answer((), said, "standing.withheld")
    if corpus.store.state().rows == 0:
        return Answer((), "The index is empty. Fill it with: ragkeep ingest", "index.empty")
    open_to = f"Of what is open to {_seen_as(reader)} for the purpose {question.purpose!r}"
    return Answer((), f"{open_to}, nothing is in the index: it expired or was removed.", "index.nothing_left")


def _seen_as(reader: Reader) -> str:
    groups = ", ".join(sorted(reader.groups)) or "no groups"
    return f"{reader.name} (clearance {reader.clearance.value}, {groups})"
