"""What a search is told of documents and people, asked of the ledger and of its twin in memory alike."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.consent import REFUSALS, STATES, State
from contracts.ids import Identity
from contracts.terms import LawfulBasis
from ledger.consent import Consent, Receipt
from ledger.database import open_sqlite
from ledger.migrate import migrate
from ledger.suppressions import Suppression, Suppressions
from retrieval.memory import MemoryStanding
from retrieval.ports import Standing, Suppressible
from retrieval.standing import LedgerStanding
from retrieval.withhold import withhold

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BEN = (Identity(b"pepper").subject(name) for name in ("ann", "ben"))
Make = Callable[[set[tuple[Suppressible, str]], dict[tuple[str, str, str], State]], Standing]


@pytest.fixture(params=["memory", "ledger"])
def standing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    if request.param == "memory":
        yield lambda suppressed, decisions: MemoryStanding(frozenset(suppressed), decisions)
        return
    engine = open_sqlite(tmp_path / "ledger.sqlite")
    migrate(engine, "ledger")

    def make(suppressed: set[tuple[Suppressible, str]], decisions: dict[tuple[str, str, str], State]) -> Standing:
        suppressions, consent = Suppressions(engine), Consent(engine)
        suppressions.add([Suppression(kind, key, "0" * 32, NOW) for kind, key in suppressed])
        consent.record([Receipt(person, purpose, state, NOW, NOW, scope) for (person, purpose, scope), state in decisions.items()])
        return LedgerStanding(suppressions, consent)

    yield make
    engine.dispose()


class TestStanding:
    def test_only_what_was_suppressed_of_that_kind_is(self, standing: Make) -> None:
        told = standing({("document", ANN), ("subject", BEN), ("source", "mail")}, {})
        asked = {kind: told.suppressed({ANN, BEN, "mail"}, kind) for kind in get_args(Suppressible)}
        assert asked == {"document": {ANN}, "version": set(), "subject": {BEN}, "source": {"mail"}}

    def test_each_decision_is_that_persons_for_that_purpose_and_source(self, standing: Make) -> None:
        told = standing(
            set(), {(ANN, "training", ""): "withdrawn", (ANN, "retrieval", "mail"): "objected", (BEN, "retrieval", ""): "granted"}
        )
        decided = told.decided({ANN, BEN}, NOW)
        asked = [(person, purpose, source) for person in (ANN, BEN) for purpose in ("retrieval", "training") for source in ("docs", "mail")]
        expected = [None, "objected", "withdrawn", "withdrawn", "granted", "granted", None, None]
        assert [decided.of(*question) for question in asked] == expected

    def test_asking_for_nobody_is_answered_with_nobody(self, standing: Make) -> None:
        told = standing({("document", ANN)}, {(ANN, "retrieval", ""): "withdrawn"})
        assert told.suppressed(set(), "document") == set()
        assert told.decided(set(), NOW).of(BEN, "retrieval", "docs") is None


rows = st.fixed_dictionaries(
    {
        "chunk_id": st.uuids().map(str),
        "document_id": st.sampled_from("de"),
        "version_id": st.sampled_from("vw"),
        "source_id": st.sampled_from(["docs", "mail"]),
        "subject_keys": st.lists(st.sampled_from([ANN, BEN]), max_size=2),
        "lawful_basis": st.sampled_from(list(LawfulBasis)).map(str),
    }
)
SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("chunk_id", "document_id", "version_id", "source_id"), pl.String),
    "subject_keys": pl.List(pl.String),
    "lawful_basis": pl.String,
}


@settings(deadline=None)
@given(
    st.lists(rows, max_size=12),
    st.frozensets(st.sampled_from([("document", "d"), ("version", "w"), ("source", "mail"), ("subject", ANN)])),
    st.dictionaries(
        st.tuples(st.sampled_from([ANN, BEN]), st.sampled_from(["retrieval", "training"]), st.sampled_from(["", "mail"])),
        st.sampled_from(["granted", *STATES]),
    ),
)
def test_what_is_kept_and_what_is_withheld_are_what_was_found_each_by_the_rule_of_its_basis(
    found: list[dict[str, Any]], suppressed: frozenset[tuple[str, str]], decisions: dict[tuple[str, str, str], str]
) -> None:
    frame = pl.DataFrame(found, schema=SCHEMA)
    kept, withheld = withhold(frame, MemoryStanding(suppressed, decisions), purpose="retrieval", now=NOW)
    assert sorted(kept["chunk_id"].to_list() + withheld["chunk_id"].to_list()) == sorted(frame["chunk_id"])
    assert set(withheld["rule"]) <= {"erased", *REFUSALS}
    assert kept.equals(frame.join(kept.select("chunk_id"), on="chunk_id", how="semi", maintain_order="left"))
    assert set(kept["chunk_id"]) == {row["chunk_id"] for row in found if may_be_shown(row, suppressed, decisions)}


def may_be_shown(row: dict[str, Any], suppressed: frozenset[tuple[str, str]], decisions: dict[tuple[str, str, str], str]) -> bool:
    """The rule in plain words, written apart from the code that it judges."""
    names = {("document", row["document_id"]), ("version", row["version_id"]), ("source", row["source_id"])}
    if suppressed & (names | {("subject", person) for person in row["subject_keys"]}):
        return False
    for person in row["subject_keys"]:
        general, own = (decisions.get((person, "retrieval", scope)) for scope in ("", row["source_id"]))
        words = {general, own}
        if "restricted" in words and row["lawful_basis"] != "not_personal":
            return False
        if "objected" in words and row["lawful_basis"] in ("consent", "legitimate_interest", "public_interest"):
            return False
        if row["lawful_basis"] == "consent" and (general == "withdrawn" or (own or general) != "granted"):
            return False
    return row["lawful_basis"] != "consent" or bool(row["subject_keys"])
