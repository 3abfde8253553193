"""Floor 3: the ledger, the only home of SQLAlchemy: one module a concern, one SQLite file or PostgreSQL schema a database."""
