"""The audit's chain of events, and erasure receipts; both can be added to, never changed or removed."""

from alembic import op
from sqlalchemy import Column, Integer, LargeBinary, String, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "audit_event",
        Column("sequence", Integer, primary_key=True, autoincrement=False),
        Column("event", Text, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    )
    op.create_table(
        "erasure_receipt",
        Column("request_id", String(32), primary_key=True),
        Column("audit_sequence", Integer, primary_key=True, autoincrement=False),
        Column("document", Text, nullable=False),
    )
    for table in ("audit_event", "erasure_receipt"):
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {change} is not allowed'); END"
            )
