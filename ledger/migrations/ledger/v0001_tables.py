"""The ledger's tables."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Column, String, Text, UniqueConstraint

revision = "0001"
down_revision = None


def upgrade() -> None:
    _terms_and_consent()
    _erasure()
    _runs()
    _present()


def _terms_and_consent() -> None:
    op.create_table("source", Column("name", String, primary_key=True), Column("settings", JSON, nullable=False))
    op.create_table(
        "access_terms",
        Column("access_key", String(32), primary_key=True),
        Column("groups", JSON, nullable=False),
        Column("classification", String, nullable=False),
        Column("purposes", JSON, nullable=False),
    )
    op.create_table(
        "consent_receipt",
        Column("receipt_id", String(32), primary_key=True),
        Column("subject_key", String(32), nullable=False),
        Column("purpose", String, nullable=False),
        Column("scope", String, nullable=False),
        Column("state", String, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("until", BigInteger, nullable=True),
        Column("evidence", Text, nullable=False),
        Column("method", String, nullable=False),
        Column("recorded_at", BigInteger, nullable=False),
    )
    op.create_index("consent_receipt_by_subject", "consent_receipt", ["subject_key", "purpose", "at"])


def _erasure() -> None:
    op.create_table(
        "suppression",
        Column("sequence", BigInteger, primary_key=True, autoincrement=False),
        Column("kind", String, nullable=False),
        Column("key", String, nullable=False),
        Column("request_id", String(32), nullable=False),
        Column("at", BigInteger, nullable=False),
        UniqueConstraint("kind", "key", name="suppression_once"),
    )
    op.create_table(
        "erasure_request",
        Column("request_id", String(32), primary_key=True),
        Column("kind", String, nullable=False),
        Column("key", String, nullable=False),
        Column("state", String, nullable=False),
        Column("documents", JSON, nullable=False),
        Column("copies", JSON, nullable=False),
        Column("suppressed_at", BigInteger, nullable=False),
        Column("deleted_at", BigInteger, nullable=True),
        Column("purged_at", BigInteger, nullable=True),
    )
    op.create_table(
        "withheld_removal",
        Column("document_id", String(32), primary_key=True),
        Column("source_id", String, nullable=False),
        Column("since", BigInteger, nullable=False),
        Column("approved_at", BigInteger, nullable=True),
    )


def _runs() -> None:
    op.create_table(
        "run",
        Column("run_id", String(16), primary_key=True),
        Column("number", BigInteger, nullable=False, unique=True),
        Column("flow", String, nullable=False),
        Column("source", String, nullable=False),
        Column("started_at", BigInteger, nullable=False),
        Column("finished_at", BigInteger, nullable=True),
        Column("outcome", String, nullable=False),
        Column("counts", JSON, nullable=False),
    )
    op.create_table(
        "stage_output",
        Column("document_id", String(32), primary_key=True),
        Column("version_id", String(32), nullable=False),
        Column("fingerprint", String(32), nullable=False),
        Column("elements", BigInteger, nullable=False),
        Column("chunks", BigInteger, nullable=False),
        Column("finished_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "backfill_partition",
        Column("backfill_id", String(32), primary_key=True),
        Column("partition", BigInteger, primary_key=True, autoincrement=False),
        Column("done_at", BigInteger, nullable=False),
    )
    op.create_table(
        "model_weights",
        Column("path", String, primary_key=True),
        Column("size", BigInteger, nullable=False),
        Column("mtime_ns", BigInteger, nullable=False),
        Column("sha256", String(64), nullable=False),
    )


def _present() -> None:
    op.create_table(
        "present",
        Column("chunk_id", String(32), primary_key=True),
        Column("document_id", String(32), nullable=False),
        Column("row_hash", String(64), nullable=False),
        Column("vector_digest", String, nullable=False),
        Column("run_id", String(16), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("present_by_document", "present", ["document_id"])
    op.create_table("present_meta", Column("key", String, primary_key=True), Column("value", String, nullable=False))
    op.create_table(
        "intent", Column("chunk_id", String(32), primary_key=True), Column("action", String, nullable=False), sqlite_with_rowid=False
    )
