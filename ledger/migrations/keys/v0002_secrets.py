"""Secrets of the workspace itself, such as the key that it signs with."""

from alembic import op
from sqlalchemy import Column, LargeBinary, String

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "workspace_secret",
        Column("name", String, primary_key=True),
        Column("wrapped", LargeBinary, nullable=False),
    )
