"""A Delta table in a folder: opened, read and committed to, with every fault of the client turned into ours.

The client's own messages are never passed on: some quote rows. Its parquet files are read by Polars directly. They have no
deletion vectors, since only this module writes them, so a file that the table's current version names holds no removed rows.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from contracts.errors import SettingsError, StoreUnavailable

_LOG = "_delta_log"
_PATH_TRAPS = re.compile(r"[\[\]|^\\<>]|%[0-9A-Fa-f]{2}")
_COMPRESSION = WriterProperties(compression="ZSTD", compression_level=1)
_ATTEMPTS = 12


def open_table(folder: Path, /) -> DeltaTable | None:
    """The table's current version, or None where nothing was ever committed.

    A damaged or unreachable table is an error, never None: it would look empty.
    """
    with told(folder):
        try:
            log = list((folder / _LOG).iterdir())
        except FileNotFoundError:
            return None
        if not any(entry.suffix in (".json", ".parquet") for entry in log):
            return None  # killed between making the folder and the first commit
        return _opened(folder)


@retry(
    retry=retry_if_exception_type(DeltaError),
    wait=wait_random_exponential(multiplier=0.02, max=0.3),
    stop=stop_after_attempt(_ATTEMPTS // 2),
    reraise=True,
)
def _opened(folder: Path) -> DeltaTable:
    """Tried again: a writer beside us drops entries of the log that a checkpoint made superfluous, even between listing and reading."""
    return DeltaTable(folder)


def create_table(folder: Path, schema: pl.Schema, properties: Mapping[str, str], /) -> DeltaTable:
    """The table, made now unless another process was quicker, partitioned by `bucket`."""
    if trap := _PATH_TRAPS.search(str(folder)):
        raise SettingsError(
            f"{folder}: tables cannot be kept under a path with {trap.group()!r} in it. Move the workspace to a plainer path"
        )
    with told(folder):
        return DeltaTable.create(
            folder,
            schema=schema,
            partition_by=["bucket"],
            configuration=dict(properties),
            raise_if_key_not_exists=False,
            mode="ignore",
        )


def scan(folder: Path, table: DeltaTable, schema: pl.Schema, buckets: Collection[int] | None = None, /) -> pl.LazyFrame | None:
    """The stored rows of these buckets, without `bucket`, which only the files' paths say; None where there are no files.

    `schema` says the other columns; one that a file has not yet is null in its rows.
    Paths come from the log's relative ones, since `file_uris` percent-encodes spaces and accents of the folder.
    """
    files = pl.DataFrame(table.get_add_actions(flatten=True)).select("path", bucket="partition.bucket")
    if buckets is not None:
        files = files.filter(pl.col("bucket").is_in(list(buckets)))
    paths = [folder / path for path in sorted(files["path"])]
    return pl.scan_parquet(paths, hive_partitioning=False, glob=False, schema=schema, missing_columns="insert") if paths else None


def overwrite(folder: Path, rows: pl.DataFrame, predicate: str, /) -> None:
    """Put the rows in place of all that match the predicate, in one commit: readers see all of it or nothing.

    Looked at and written again if another writer was quicker.
    """
    with told(folder):
        _commit(folder, rows, predicate)


@retry(
    retry=retry_if_exception_type(CommitFailedError),
    wait=wait_random_exponential(multiplier=0.02, max=2),
    stop=stop_after_attempt(_ATTEMPTS),
    reraise=True,
)
def _commit(folder: Path, rows: pl.DataFrame, predicate: str) -> None:
    table = DeltaTable(folder)
    write_deltalake(
        table,
        rows,
        mode="overwrite",
        predicate=predicate,
        schema_mode="merge" if {field.name for field in table.schema().fields} != set(rows.columns) else None,
        writer_properties=_COMPRESSION,
        commit_properties=CommitProperties(max_commit_retries=0),  # a retry must look at the rows again
    )


def compact(folder: Path, table: DeltaTable, /) -> int:
    """Join small files; returns how many fewer there are. The rows stay the same."""
    with told(folder):
        done = table.optimize.compact(writer_properties=_COMPRESSION)
    return int(done["numFilesRemoved"]) - int(done["numFilesAdded"])


def purge(folder: Path, table: DeltaTable, /) -> bool:
    """Delete every file that the current version does not name, and every log entry that names a document. True if none is left.

    Files of a commit under way in another process would go too: the caller holds the workspace.
    """
    with told(folder):
        table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
        table.update_incremental()
        if _has_predicate(folder / _LOG / f"{table.version():020}.json"):
            # The current version's own entry stays in the log, and a predicate names documents: an entry without one takes its place.
            table.alter.set_table_properties(dict(table.metadata().configuration), raise_if_not_exists=False)
            table.update_incremental()
        table.create_checkpoint()
        table.cleanup_metadata()
        _sweep_unfinished(folder)
        named = {folder / path for path in pl.DataFrame(table.get_add_actions(flatten=True))["path"]}
        current = (f"{table.version():020}.", "_last_checkpoint")
        return set(folder.glob("bucket=*/*")) <= named and all(path.name.startswith(current) for path in (folder / _LOG).iterdir())


def _has_predicate(entry: Path) -> bool:
    if not entry.exists():
        return False
    actions = [json.loads(line) for line in entry.read_text().splitlines()]
    return any("predicate" in action.get("commitInfo", {}).get("operationParameters", {}) for action in actions)


def _sweep_unfinished(folder: Path) -> None:
    """A killed process leaves files under the names that they had while they were written; vacuum does not see them."""
    for path in folder.glob("bucket=*/*"):
        if path.suffix != ".parquet":
            path.unlink()
    for path in (folder / _LOG).iterdir():
        if not path.name[:20].isdigit() and path.name != "_last_checkpoint":
            path.unlink()


@contextmanager
def told(folder: Path, /) -> Iterator[None]:
    """Turn what the client raises into StoreUnavailable, without its text, which may quote rows."""
    try:
        yield
    except CommitFailedError:
        raise StoreUnavailable(f"{folder}: other writers were quicker {_ATTEMPTS} times. Run again when they are done") from None
    except (DeltaError, pl.exceptions.PolarsError) as error:
        kind = type(error).__name__
        raise StoreUnavailable(
            f"{folder}: the table cannot be read or written ({kind}). Is the disk full, or was its {_LOG} altered?"
        ) from None
    except OSError as error:
        raise StoreUnavailable(f"{folder}: {error.strerror or type(error).__name__}. Is the folder there and writable?") from None
