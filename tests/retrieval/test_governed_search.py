"""A search gives its reader all that they may see, nothing else, and never silence without a reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs.settings import ReaderSettings
from contracts.consent import STATES
from contracts.errors import StoreUnavailable, UsageError
from contracts.ids import Identity
from contracts.ports import ModelIdentity, VectorQuery, Vectors
from contracts.tables import IndexRow
from contracts.terms import Classification
from retrieval.memory import MemoryStanding
from retrieval.readers import ANONYMOUS, Reader, find_reader, open_keys
from retrieval.search import Answer, Corpus, Hit, Question, search
from vectorstore.memory import MemoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = int(NOW.timestamp())
IDENTITY = Identity(b"pepper")
SUBJECTS = tuple(IDENTITY.subject(name) for name in ("ann", "ben", "cleo"))


@dataclass(frozen=True)
class Terms:
    groups: tuple[str, ...] = ()
    classification: str = "public"
    purposes: tuple[str, ...] = ("retrieval",)

    @property
    def access_key(self) -> str:
        return IDENTITY.access(self.groups, self.classification, self.purposes)


@dataclass(frozen=True)
class Row:
    """One passage as the laws below see it."""

    terms: Terms = Terms()
    expires_at: int = 0
    lawful_basis: str = "not_personal"
    subjects: tuple[str, ...] = ()
    document: int = 0
    source_id: str = "docs"


class LetterEmbedder:
    """Counts letters: texts with the same letters are near. One direction more keeps every vector off zero."""

    identity = ModelIdentity("0" * 64, "test", "float32", 27, 99, "", "", True)

    def embed_query(self, text: str, /) -> np.ndarray[Any, np.dtype[np.float32]]:
        row: np.ndarray[Any, np.dtype[np.float32]] = self.embed_documents([text])[0]
        return row

    def embed_documents(self, texts: Sequence[str], /) -> Vectors:
        counts = np.array([[text.lower().count(chr(97 + n)) for n in range(26)] + [1] for text in texts], dtype=np.float32)
        unit: Vectors = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return unit


def text_of(number: int) -> str:
    return "harbour " + "abcdefghijklmnopqrstuvwxyz"[number % 26] * (1 + number)


def filled(rows: Sequence[Row]) -> MemoryStore:
    store, embedder = MemoryStore(27, "letters"), LetterEmbedder()
    frame = pl.DataFrame([_index_row(number, row) for number, row in enumerate(rows)], schema=IndexRow.create_empty().schema)
    store.upsert(frame, embedder.embed_documents(frame["text"].to_list()) if rows else np.zeros((0, 27), dtype=np.float32))
    return store


def _index_row(number: int, row: Row) -> dict[str, Any]:
    return {
        "bucket": 0,
        "chunk_id": f"{number:032x}",
        "text": text_of(number),
        "document_id": f"{row.document:032x}",
        "version_id": f"{row.document + 100:032x}",
        "source_id": row.source_id,
        "subject_keys": list(row.subjects),
        "uri": f"{row.document}.txt",
        "title": "A title",
        "heading_path": "One > Two",
        "page_start": 1,
        "page_end": 2,
        "char_start": 3,
        "char_end": 4,
        "element_kind": "text",
        "language": "en",
        "purposes": list(row.terms.purposes),
        "consent_state": "granted" if row.lawful_basis == "consent" else "not_required",
        "lawful_basis": row.lawful_basis,
        "access_key": row.terms.access_key,
        "classification": row.terms.classification,
        "expires_at": row.expires_at,
        "fingerprint": "0" * 32,
        "row_hash": "0" * 64,
    }


def corpus(rows: Sequence[Row], standing: Any = None) -> Corpus:
    return Corpus(filled(rows), LetterEmbedder(), tuple({row.terms for row in rows}), standing or MemoryStanding())


def ask(held: Corpus, reader: Reader = ANONYMOUS, /, text: str = "harbour", **changed: Any) -> Answer:
    return search(Question(text, **changed), reader, held, now=NOW)


terms = st.builds(
    Terms,
    st.sampled_from([(), ("hr",), ("legal",), ("hr", "legal")]),
    st.sampled_from([each.value for each in Classification]),
    st.sampled_from([("retrieval",), ("training",), ("retrieval", "training")]),
)
passages = st.builds(
    Row,
    terms,
    st.sampled_from([0, 0, SECOND - 1, SECOND, SECOND + 1]),
    st.sampled_from(["not_personal", "consent", "contract"]),
    st.lists(st.sampled_from(SUBJECTS), max_size=2, unique=True).map(tuple),
    st.integers(0, 3),
    st.sampled_from(["docs", "mail"]),
)
readers = st.builds(
    Reader,
    st.just("alice"),
    st.frozensets(st.sampled_from(["hr", "legal", "it"])),
    st.sampled_from(list(Classification)),
    st.sampled_from([("retrieval",), ("retrieval", "training"), ()]),
)
standings = st.builds(
    MemoryStanding,
    st.frozensets(
        st.sampled_from(
            [("document", f"{1:032x}"), ("version", f"{102:032x}"), ("subject", SUBJECTS[0]), ("source", "mail"), ("document", f"{9:032x}")]
        ),
        max_size=2,
    ),
    st.dictionaries(
        st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(["retrieval", "training"]), st.just("")),
        st.sampled_from(["granted", "granted", "granted", *STATES]),
    ),
)


def may_see(row: Row, reader: Reader, purpose: str, standing: MemoryStanding) -> bool:
    """The rule in plain words, written apart from the code that it judges."""
    rank = ["public", "internal", "confidential", "restricted"].index
    if purpose not in reader.purposes or purpose not in row.terms.purposes:
        return False
    if rank(row.terms.classification) > rank(reader.clearance.value):
        return False
    if row.terms.groups and not set(row.terms.groups) & reader.groups:
        return False
    if row.expires_at and row.expires_at <= SECOND:
        return False
    erased = {("document", f"{row.document:032x}"), ("version", f"{row.document + 100:032x}"), ("source", row.source_id)}
    if standing.suppressions & (erased | {("subject", subject) for subject in row.subjects}):
        return False
    decided = {standing.decisions.get((subject, purpose, "")) for subject in row.subjects}
    if "restricted" in decided and row.lawful_basis != "not_personal":
        return False
    return row.lawful_basis != "consent" or decided == {"granted"}


class TestLaws:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(passages, max_size=25), readers, standings, st.sampled_from(["retrieval", "training"]), st.integers(1, 6))
    def test_a_reader_gets_the_best_of_what_they_may_see_and_nothing_else(
        self, rows: list[Row], reader: Reader, standing: MemoryStanding, purpose: str, limit: int
    ) -> None:
        found = ask(corpus(rows, standing), reader, purpose=purpose, limit=limit, hybrid=False)
        allowed = [number for number, row in enumerate(rows) if may_see(row, reader, purpose, standing)]
        near = LetterEmbedder().embed_documents(["harbour", *(text_of(number) for number in allowed)])
        best = sorted(allowed, key=lambda number: (-float(near[0] @ near[1 + allowed.index(number)]), number))[:limit]
        assert [hit.score for hit in found.hits] == pytest.approx([float(near[0] @ near[1 + allowed.index(number)]) for number in best])
        assert {int(hit.chunk_id, 16) for hit in found.hits} <= set(allowed)
        assert len(found.hits) == len(best)
        assert (found.reason is None) == bool(found.hits)

    @given(st.lists(terms, max_size=8), readers, st.sampled_from(["retrieval", "training", "marketing"]))
    def test_more_groups_and_a_higher_clearance_never_close_a_key(self, known: list[Terms], reader: Reader, purpose: str) -> None:
        wider = replace(reader, groups=reader.groups | {"hr"}, clearance=Classification.RESTRICTED)
        assert set(open_keys(reader, purpose, known)) <= set(open_keys(wider, purpose, known))

    def test_a_hit_says_where_it_comes_from(self) -> None:
        (hit,) = ask(corpus([Row()])).hits
        assert hit == Hit(
            chunk_id=f"{0:032x}",
            document_id=f"{0:032x}",
            uri="0.txt",
            text="harbour a",
            score=hit.score,
            page_start=1,
            page_end=2,
            char_start=3,
            char_end=4,
            heading_path="One > Two",
            source_id="docs",
            title="A title",
            language="en",
            version_id=f"{100:032x}",
            classification="public",
        )

    def test_much_that_is_withheld_does_not_hide_the_little_that_is_not(self) -> None:
        rows = [Row(document=1)] * 300 + [Row(document=2)]
        standing = MemoryStanding(frozenset({("document", f"{1:032x}")}))
        assert [hit.uri for hit in ask(corpus(rows, standing), limit=2).hits] == ["2.txt"]

    def test_an_expiry_holds_from_its_second_on(self) -> None:
        held = corpus([Row(expires_at=SECOND)])
        assert search(Question("harbour"), ANONYMOUS, held, now=datetime.fromtimestamp(SECOND - 0.5, UTC)).hits
        assert not search(Question("harbour"), ANONYMOUS, held, now=NOW).hits

    def test_consent_is_asked_for_the_source_of_the_passage(self) -> None:
        standing = MemoryStanding(
            decisions={(SUBJECTS[0], "retrieval", "docs"): "granted", (SUBJECTS[0], "retrieval", "mail"): "withdrawn"}
        )
        rows = [Row(lawful_basis="consent", subjects=SUBJECTS[:1], source_id=source) for source in ("docs", "mail")]
        assert [hit.source_id for hit in ask(corpus(rows, standing)).hits] == ["docs"]


class TestReasons:
    @pytest.mark.parametrize(
        ("rows", "reader", "question", "reason"),
        [
            ([Row()], ANONYMOUS, {"text": " \n"}, "The question is empty."),
            (
                [Row()],
                ANONYMOUS,
                {"purpose": "training"},
                "Reader anonymous may not search for the purpose 'training'; theirs are: retrieval.",
            ),
            ([], ANONYMOUS, {}, "The index is empty: nothing has been admitted to it yet."),
            (
                [Row()],
                Reader("bob", purposes=("training",)),
                {"purpose": "training"},
                "Nothing in the index was admitted for the purpose 'training'.",
            ),
            (
                [Row(Terms(("hr",), "internal"))],
                Reader("bob", frozenset({"it"}), Classification.INTERNAL),
                {},
                "Nothing in the index is open to bob (clearance internal, it) for the purpose 'retrieval'.",
            ),
            (
                [Row(expires_at=1)],
                ANONYMOUS,
                {},
                "Of what is open to anonymous (clearance public, no groups) for the purpose 'retrieval', nothing is in the index: "
                "it expired or was removed.",
            ),
        ],
    )
    def test_nothing_comes_with_a_reason(self, rows: list[Row], reader: Reader, question: dict[str, Any], reason: str) -> None:
        answer = ask(corpus(rows), reader, **question)
        assert (answer.hits, answer.reason) == ((), reason)
        assert answer.rule, "the audit has a word for it"

    def test_what_is_withheld_is_counted(self) -> None:
        rows = [Row(document=1), Row(lawful_basis="consent", subjects=SUBJECTS[:1]), Row(lawful_basis="contract", subjects=SUBJECTS[1:2])]
        standing = MemoryStanding(
            frozenset({("document", f"{1:032x}"), ("subject", SUBJECTS[1])}),
            {(SUBJECTS[0], "retrieval", ""): "withdrawn", (SUBJECTS[1], "retrieval", ""): "withdrawn"},
        )
        assert ask(corpus(rows, standing)).reason == (
            "All 3 passages found are withheld: 2 erased, 1 not allowed any more by the people in them; the next run removes them."
        )

    def test_an_index_that_was_emptied_says_how_to_fill_it(self) -> None:
        held = corpus([Row()])
        held.store.delete([f"{0:032x}"])
        assert ask(held).reason == "The index is empty. Fill it with: ragkeep ingest"


class TestFailingClosed:
    def test_a_standing_that_cannot_be_asked_refuses_the_search(self) -> None:
        class Down:
            def suppressed(self, *_: Any) -> set[str]:
                raise StoreUnavailable("ledger: no answer")

            decided = suppressed

        with pytest.raises(StoreUnavailable, match="ledger: no answer"):
            ask(corpus([Row()], Down()))

    def test_a_store_that_ignores_the_filter_discloses_nothing(self) -> None:
        class Leaky(MemoryStore):
            def search(self, query: VectorQuery, /) -> pl.DataFrame:
                everything = tuple({str(row["access_key"]) for row, _ in self._rows.values()})
                return MemoryStore.search(self, replace(query, access_keys=everything, now=0))

        rows = [Row(), Row(Terms(("hr",))), Row(Terms((), "restricted")), Row(Terms(purposes=("training",))), Row(expires_at=1)]
        plain = filled(rows)
        leaky = Leaky(27, "letters", _held=plain._held)
        held = replace(corpus(rows), store=leaky)
        assert [int(hit.chunk_id, 16) for hit in ask(held, limit=10).hits] == [0]

    def test_a_reader_without_keys_costs_no_query_and_no_embedding(self) -> None:
        class Untouchable:
            def __getattr__(self, name: str) -> Any:
                raise AssertionError(name)

        held = Corpus(Untouchable(), Untouchable(), (Terms(("hr",)),), Untouchable())
        assert not ask(held).hits

    @pytest.mark.parametrize("limit", [0, -1, 1_001])
    def test_a_senseless_number_of_hits_is_refused(self, limit: int) -> None:
        with pytest.raises(UsageError, match="1 to 1000 hits"):
            ask(corpus([Row()]), limit=limit)


class TestReaders:
    def test_a_reader_is_found_by_name_and_an_unknown_one_is_refused(self) -> None:
        known = {"alice": ReaderSettings(groups=("hr",), clearance=Classification.INTERNAL, purposes=("retrieval", "training"))}
        assert find_reader("alice", known) == Reader("alice", frozenset({"hr"}), Classification.INTERNAL, ("retrieval", "training"))
        assert find_reader(None, known) is ANONYMOUS
        with pytest.raises(UsageError, match=r"no reader is called 'eve'; ragkeep\.yaml knows: alice"):
            find_reader("eve", known)
        with pytest.raises(UsageError, match="knows: none"):
            find_reader("eve", {})
