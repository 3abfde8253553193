"""What was built and refused, and by which chunking each model's index was cut."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, String

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("served_models", Column("chunking", JSON))
    op.create_table(
        "refusals",
        Column("key", String(32), primary_key=True),
        Column("model", String(32), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("reason", String, nullable=False),
        Column("holds", Boolean, nullable=False),
    )
