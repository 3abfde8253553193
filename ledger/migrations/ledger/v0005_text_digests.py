"""The digest of a document's whole text, by which a re-encoded copy of it is known."""

from alembic import op
from sqlalchemy import Column, String

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("stage_output", Column("text_digest", String(32), nullable=True))
