"""Documents that an erasure of a person leaves in place without the person."""

from alembic import op
from sqlalchemy import JSON, Column

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("erasure_request", Column("redacted", JSON, nullable=False, server_default="[]"))
