"""A table of the lake: rows of documents, replaced a document at a time, forgotten and purged on demand."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import polars as pl
from deltalake import DeltaTable, Schema
from tenacity import retry, retry_if_exception_type, stop_after_attempt

from configs.faults import reach
from contracts.errors import ContractError, SettingsError
from contracts.ids import ID_PATTERN, bucket
from contracts.results import Forgotten
from lake import delta
from lake.columns import mismatch, schema_of, stored_schema, validated

_ORDER = ("document_id", "ordinal", "chunk_id")
_FILES_PER_BUCKET = 16


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A Delta table that holds `contract` and nothing else; absent until its first row. It is a `DerivedCopy` of its documents.

    Its log keeps ids at most: statistics are taken of ids alone, and a predicate names a bucket and documents.
    One process writes at a time (the workspace's lock); a second writer's commit is noticed and the rows are written again.
    """

    name: str
    contract: type[dy.Schema]
    folder: Path
    buckets: int
    rebuild: str = "ragkeep backfill"

    def read(
        self,
        document_ids: Collection[str] | None = None,
        /,
        *,
        columns: Sequence[str] | None = None,
        buckets: Collection[int] | None = None,
    ) -> pl.DataFrame:
        """Rows as the contract types them, ordered by document and place in it, whatever the order in which they were written."""
        asked = list(schema_of(self.contract)) if columns is None else list(columns)
        numbers = buckets if document_ids is None else self._by_bucket(document_ids)
        with delta.told(self.folder):
            rows = self._read(numbers, asked, None if document_ids is None else list(document_ids))
        return self.contract.create_empty().select(asked) if rows is None else rows

    def replace(self, rows: pl.DataFrame, document_ids: Collection[str], /) -> None:
        """Hold these rows, and no others, of these documents: one commit per bucket that changes. A document without rows leaves.

        Killed between two buckets, it leaves some documents old and some new, each of them whole; running again finishes it.
        """
        rows = validated(rows, self.contract, table=self.name, rebuild=self.rebuild)
        places = self._by_bucket(document_ids)
        self._check_places(rows, document_ids)
        table = self._open()
        held = set() if table is None else set(self.read(document_ids, columns=["document_id"])["document_id"])
        for number, names in sorted(places.items()):
            part = rows.filter(pl.col("bucket") == number)
            if part.is_empty() and held.isdisjoint(names):
                continue
            if table is None:
                table = delta.create_table(self.folder, stored_schema(self.contract), self._properties())
            reach("lake.replace")
            delta.overwrite(self.folder, part.cast(stored_schema(self.contract)), _predicate(number, names))

    def forget(self, document_ids: Collection[str], /) -> Forgotten:
        """Rows held of these documents before and after; the bytes stay on disk until `purge`."""
        before = self.count(document_ids)
        if before:
            self.replace(self.contract.create_empty(), document_ids)
        return Forgotten(self.name, before, self.count(document_ids))

    def count(self, document_ids: Collection[str], /) -> int:
        """Rows held of these documents."""
        return self.read(document_ids, columns=["document_id"]).height

    def purge(self) -> str:
        """`purged` once no file and no entry of the log is left but those of the current version, else `pending`."""
        table = self._open()
        return "purged" if table is None or delta.purge(self.folder, table) else "pending"

    def compact(self, *, files_per_bucket: int = _FILES_PER_BUCKET) -> int:
        """How many fewer files there are now. Does nothing while buckets have, on average, no more files than `files_per_bucket`."""
        table = self._open()
        if table is None or table.get_add_actions().num_rows <= files_per_bucket * self.buckets:
            return 0
        return delta.compact(self.folder, table)

    @retry(retry=retry_if_exception_type(FileNotFoundError), stop=stop_after_attempt(5), reraise=True)
    def _read(self, buckets: Collection[int] | None, columns: list[str], document_ids: list[str] | None) -> pl.DataFrame | None:
        """Tried again when a purge took a file from under it: the next version has the same rows."""
        table = self._open()
        schema = pl.Schema({name: dtype for name, dtype in stored_schema(self.contract).items() if name != "bucket"})
        rows = None if table is None else delta.scan(self.folder, table, schema, buckets)
        if rows is None:
            return None
        if document_ids is not None:
            rows = rows.filter(pl.col("document_id").is_in(document_ids))
        rows = rows.with_columns(bucket=self._bucket())
        wanted = schema_of(self.contract)
        order = [column for column in _ORDER if column in wanted]
        return rows.sort(order).select(pl.col(column).cast(wanted[column]) for column in columns).collect()

    def _open(self) -> DeltaTable | None:
        table = delta.open_table(self.folder)
        if table is None:
            return None
        made_with = table.metadata().configuration.get("ragkeep.buckets")
        if made_with != str(self.buckets):
            raise SettingsError(f"stores.buckets: {self.name} was made with {made_with}, the settings say {self.buckets}. Set it back")
        self._check_stored(table)
        return table

    def _check_stored(self, table: DeltaTable) -> None:
        found = {field.name: field.type for field in table.schema().fields}
        wanted = {field.name: field.type for field in Schema.from_arrow(stored_schema(self.contract)).fields}
        for column in wanted | found:
            if column not in found and self.contract.columns()[column].nullable:
                continue  # Written before there was such a column: it reads as null, and the next write adds it.
            if found.get(column) != wanted.get(column):
                stored, wants = (str(types[column]) if column in types else "nothing" for types in (found, wanted))
                raise mismatch(self.name, self.contract, column, f"is stored as {stored}", wants, self.rebuild)

    def _by_bucket(self, document_ids: Collection[str]) -> dict[int, list[str]]:
        places: dict[int, list[str]] = {}
        for document_id in sorted(set(document_ids)):
            if not re.fullmatch(ID_PATTERN, document_id):
                raise ValueError(f"{self.name}: a document is named by its 128-bit id, not by anything else")
            places.setdefault(bucket(document_id, self.buckets), []).append(document_id)
        return places

    def _check_places(self, rows: pl.DataFrame, document_ids: Collection[str]) -> None:
        if strange := rows.filter(~pl.col("document_id").is_in(list(document_ids))).height:
            raise ContractError(
                f"{self.name}: {strange} rows of documents that are not among those to replace. Name them, or leave them out"
            )
        if astray := rows.filter(pl.col("bucket") != self._bucket()).height:
            wants = f"document_id modulo {self.buckets}"
            raise mismatch(self.name, self.contract, "bucket", f"is another in {astray} rows", wants, self.rebuild)

    def _bucket(self) -> pl.Expr:
        """`contracts.ids.bucket`, for a column."""
        return (pl.col("document_id").str.head(8).str.to_integer(base=16, dtype=pl.Int64) % self.buckets).cast(pl.Int32)

    def _properties(self) -> dict[str, str]:
        """Statistics of ids alone, for the log would keep others in the clear; no history, for it would keep removed rows."""
        ids = [column for column in schema_of(self.contract) if column in ("document_id", "chunk_id")]
        return {
            "delta.dataSkippingStatsColumns": ",".join(ids),
            "delta.logRetentionDuration": "interval 0 seconds",
            "delta.deletedFileRetentionDuration": "interval 0 seconds",
            "delta.checkpointInterval": "20",
            "ragkeep.buckets": str(self.buckets),
        }


def _predicate(number: int, document_ids: list[str]) -> str:
    """SQL that the log keeps word for word: nothing but a number and opaque ids, checked before."""
    names = ", ".join(f"'{document_id}'" for document_id in document_ids)
    return f"bucket = {number} AND document_id IN ({names})"
