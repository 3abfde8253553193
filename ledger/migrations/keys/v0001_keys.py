"""Data keys and the check of the workspace's key and pepper."""

from alembic import op
from sqlalchemy import Column, LargeBinary, String

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "data_key",
        Column("document_id", String(32), primary_key=True),
        Column("version_id", String(32), primary_key=True),
        Column("wrapped", LargeBinary, nullable=False),
    )
    op.create_table(
        "key_check",
        Column("name", String, primary_key=True),
        Column("digest", String(64), nullable=False),
    )
