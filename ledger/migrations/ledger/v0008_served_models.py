"""Models that an index was made with."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, String

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "served_models",
        Column("fingerprint", String(32), primary_key=True),
        Column("settings", JSON, nullable=False),
        Column("identity", JSON, nullable=False),
        Column("known_since", BigInteger, nullable=False),
        Column("answers_since", BigInteger),
        Column("answered_until", BigInteger),
        Column("keeps_before", Boolean, nullable=False),
    )
