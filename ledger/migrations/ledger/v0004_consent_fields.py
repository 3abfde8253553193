"""What a consent receipt says beyond its state, and how far the logs outside are known."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Column, String, Text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("consent_receipt", Column("lawful_basis", String, nullable=False, server_default="consent"))
    for name in ("jurisdiction", "storage", "notice", "language", "controller"):
        op.add_column("consent_receipt", Column(name, Text, nullable=False, server_default=""))
    for name in ("categories", "recipients"):
        op.add_column("consent_receipt", Column(name, JSON, nullable=False, server_default="[]"))
    op.create_table(
        "outside_mark",
        Column("log", String, primary_key=True),
        Column("size", BigInteger, nullable=False),
        Column("tail", String(64), nullable=False),
    )
