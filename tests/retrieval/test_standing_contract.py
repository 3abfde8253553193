"""What a search is told of documents and people, asked of the ledger and of its twin in memory alike."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import Identity
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
Make = Callable[[set[tuple[Suppressible, str]], set[tuple[str, str]]], Standing]


@pytest.fixture(params=["memory", "ledger"])
def standing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    if request.param == "memory":
        yield lambda suppressed, withdrawn: MemoryStanding(frozenset(suppressed), frozenset(withdrawn))
        return
    engine = open_sqlite(tmp_path / "ledger.sqlite")
    migrate(engine, "ledger")

    def make(suppressed: set[tuple[Suppressible, str]], withdrawn: set[tuple[str, str]]) -> Standing:
        suppressions, consent = Suppressions(engine), Consent(engine)
        suppressions.add([Suppression(kind, key, "0" * 32, NOW) for kind, key in suppressed])
        consent.record([Receipt(person, purpose, "withdrawn", NOW, NOW) for person, purpose in withdrawn])
        return LedgerStanding(suppressions, consent)

    yield make
    engine.dispose()


class TestStanding:
    def test_only_what_was_suppressed_of_that_kind_is(self, standing: Make) -> None:
        told = standing({("document", ANN), ("subject", BEN), ("source", "mail")}, set())
        asked = {kind: told.suppressed({ANN, BEN, "mail"}, kind) for kind in get_args(Suppressible)}
        assert asked == {"document": {ANN}, "version": set(), "subject": {BEN}, "source": {"mail"}}

    def test_only_who_withdrew_that_purpose_did(self, standing: Make) -> None:
        told = standing(set(), {(ANN, "training")})
        assert told.withdrawn({ANN, BEN}, "training", NOW, source_id="docs") == {ANN}
        assert told.withdrawn({ANN, BEN}, "retrieval", NOW, source_id="docs") == set()

    def test_asking_for_nobody_is_answered_with_nobody(self, standing: Make) -> None:
        told = standing({("document", ANN)}, {(ANN, "retrieval")})
        assert told.suppressed(set(), "document") == told.withdrawn(set(), "retrieval", NOW, source_id="docs") == set()


rows = st.fixed_dictionaries(
    {
        "chunk_id": st.uuids().map(str),
        "document_id": st.sampled_from("de"),
        "version_id": st.sampled_from("vw"),
        "source_id": st.sampled_from(["docs", "mail"]),
        "subject_keys": st.lists(st.sampled_from([ANN, BEN]), max_size=2),
        "lawful_basis": st.sampled_from(["consent", "contract"]),
    }
)
SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("chunk_id", "document_id", "version_id", "source_id"), pl.String),
    "subject_keys": pl.List(pl.String),
    "lawful_basis": pl.String,
}


@given(
    st.lists(rows, max_size=12),
    st.frozensets(st.sampled_from([("document", "d"), ("version", "w"), ("source", "mail"), ("subject", ANN)])),
    st.frozensets(st.sampled_from([(ANN, "retrieval"), (BEN, "retrieval"), (BEN, "training")])),
)
def test_what_is_kept_and_what_is_withheld_are_what_was_found(
    found: list[dict[str, Any]], suppressed: frozenset[tuple[str, str]], withdrawn: frozenset[tuple[str, str]]
) -> None:
    frame = pl.DataFrame(found, schema=SCHEMA)
    kept, withheld = withhold(frame, MemoryStanding(suppressed, withdrawn), purpose="retrieval", now=NOW)
    assert sorted(kept["chunk_id"].to_list() + withheld["chunk_id"].to_list()) == sorted(frame["chunk_id"])
    assert set(withheld["rule"]) <= {"erased", "withdrawn"}
    assert kept.equals(frame.join(kept.select("chunk_id"), on="chunk_id", how="semi", maintain_order="left"))
