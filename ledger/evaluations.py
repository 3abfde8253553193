"""Runs of evaluations: what was measured, and how each question did. They hold ids of questions and no text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Engine, String, Table, func, select

from contracts.errors import UsageError
from contracts.evaluation import Evaluation, Measured, Scored
from contracts.ids import fingerprint
from ledger.columns import LEDGER, Moment
from ledger.database import writing

_EVALUATION = Table(
    "evaluation",
    LEDGER,
    Column("run_id", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("at", Moment, nullable=False),
    Column("measured", JSON, nullable=False),
    Column("counts", JSON, nullable=False),
    Column("questions", JSON, nullable=False),
)
_SHORTEST = 4
"""Characters that name a run, if no other begins with them."""


class Evaluations:
    """All evaluations of the workspace."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, measured: Measured, questions: Sequence[Scored], counts: Mapping[str, float], at: datetime, /) -> Evaluation:
        """The evaluation as it is stored now; its id comes from its number, its moment and what it measured."""
        with writing(self._engine) as connection:
            number = (connection.execute(select(func.max(_EVALUATION.c.number))).scalar_one() or 0) + 1
            run_id = fingerprint("evaluation", number=number, at=at.astimezone(UTC).isoformat(), **asdict(measured))[:16]
            stored = Evaluation(run_id, number, at, measured, tuple(questions), counts)
            connection.execute(_EVALUATION.insert().values(**_row(stored)))
        return stored

    def get(self, name: str, /) -> Evaluation:
        """The evaluation of that id, or whose id alone begins so, or of that number, or `last`. UsageError where there is none."""
        query = select(_EVALUATION).order_by(_EVALUATION.c.number.desc())
        if name == "last":
            query = query.limit(1)
        elif name.isdecimal() and len(name) < _SHORTEST:
            query = query.where(_EVALUATION.c.number == int(name))
        else:
            query = query.where(_EVALUATION.c.run_id.startswith(name, autoescape=True)).limit(2)
        found = self._read(query)
        if len(found) != 1 or len(name) < 1:
            said = "several evaluations have ids that begin so" if found else "no evaluation is stored under this name"
            raise UsageError(f"{name}: {said}. Those that there are: ragkeep evaluate list")
        return found[0]

    def last_of(self, suite: str, /) -> int:
        """The number of the newest evaluation of a suite, 0 where there is none."""
        query = select(func.max(_EVALUATION.c.number)).where(_EVALUATION.c.measured["suite"].as_string() == suite)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one() or 0

    def recent(self, *, suite: str | None = None, limit: int | None = None) -> list[Evaluation]:
        """The last evaluations, newest first, of one suite or of all."""
        found = self._read(select(_EVALUATION).order_by(_EVALUATION.c.number.desc()))
        return [one for one in found if suite in (None, one.measured.suite)][:limit]

    def _read(self, query: Any) -> list[Evaluation]:
        with self._engine.connect() as connection:
            return [_evaluation(row) for row in connection.execute(query)]


def _row(stored: Evaluation) -> dict[str, Any]:
    questions = [[one.question_id, dict(one.scores), dict(one.slices)] for one in stored.questions]
    return {
        "run_id": stored.run_id,
        "number": stored.number,
        "at": stored.at,
        "measured": asdict(stored.measured),
        "counts": dict(stored.counts),
        "questions": questions,
    }


def _evaluation(row: Any) -> Evaluation:
    questions = tuple(Scored(*one) for one in row.questions)
    return Evaluation(row.run_id, row.number, row.at, Measured(**row.measured), questions, row.counts)
