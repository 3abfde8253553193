"""Runs of evaluations, with the scores of each question."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Column, String

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "evaluation",
        Column("run_id", String(16), primary_key=True),
        Column("number", BigInteger, nullable=False, unique=True),
        Column("at", BigInteger, nullable=False),
        Column("measured", JSON, nullable=False),
        Column("counts", JSON, nullable=False),
        Column("questions", JSON, nullable=False),
    )
