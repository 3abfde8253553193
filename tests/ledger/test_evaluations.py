"""Evaluations in the ledger: what is stored comes back, under every name that it has."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.errors import UsageError
from contracts.evaluation import Measured, Scored
from ledger.database import open_sqlite
from ledger.evaluations import Evaluations
from ledger.migrate import migrate

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MEASURED = Measured("golden.yaml", "digest", "settings", "model", "identity", "hybrid")
QUESTIONS = (Scored("q1", {"mrr": 0.5, "ndcg@10": 1 / 3}, {"language": "vi"}), Scored("q2", {}, {}))


@pytest.fixture
def evaluations(tmp_path: Path):
    engine = open_sqlite(tmp_path / "ledger.sqlite")
    migrate(engine, "ledger")
    yield Evaluations(engine)
    engine.dispose()


def test_what_is_stored_comes_back_by_id_by_its_beginning_by_number_and_as_the_last(evaluations: Evaluations) -> None:
    first = evaluations.add(MEASURED, QUESTIONS, {"documents": 3, "seconds": 0.25}, NOW)
    second = evaluations.add(MEASURED, (), {}, NOW)
    assert (first.number, second.number) == (1, 2)
    assert first.run_id != second.run_id
    for name in (first.run_id, first.run_id[:8], "1"):
        assert evaluations.get(name) == first
    assert evaluations.get("last") == second


def test_the_last_ones_come_first_and_may_be_of_one_suite(evaluations: Evaluations) -> None:
    other = Measured("scifact", "digest", "settings", "model", "identity", "dense")
    stored = [evaluations.add(measured, QUESTIONS, {}, NOW) for measured in (MEASURED, other, MEASURED)]
    assert evaluations.recent() == stored[::-1]
    assert evaluations.recent(limit=1) == stored[2:]
    assert evaluations.recent(suite="scifact") == [stored[1]]
    assert [evaluations.last_of(name) for name in ("golden.yaml", "scifact", "nobody's")] == [3, 2, 0]


@pytest.mark.parametrize("name", ["", "last", "9", "zzzz", "%", "_"])
def test_a_name_that_nothing_has_is_told_where_the_names_are(evaluations: Evaluations, name: str) -> None:
    with pytest.raises(UsageError, match=r"no evaluation is stored under this name. Those that there are: ragkeep evaluate list"):
        evaluations.get(name)


def test_a_beginning_that_several_have_names_none(evaluations: Evaluations) -> None:
    stored = {evaluations.add(MEASURED, (), {}, NOW).run_id[0] for _ in range(40)}
    assert len(stored) < 40
    with pytest.raises(UsageError, match="several evaluations have ids that begin so"):
        evaluations.get("")
