"""Run by Alembic: the migrations happen in the transaction that `ledger.migrate` has opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
