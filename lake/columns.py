"""What a frame's columns must be before they are written, and how Delta, which knows no unsigned integers, stores them."""

from functools import cache

import dataframely as dy
import polars as pl

from contracts.errors import ContractError

_STORED: dict[type[pl.DataType], pl.DataType] = {pl.UInt8: pl.Int16(), pl.UInt16: pl.Int32(), pl.UInt32: pl.Int64()}


def validated(rows: pl.DataFrame, contract: type[dy.Schema], /, *, table: str, rebuild: str) -> pl.DataFrame:
    """The rows with exactly the contract's columns, order and types, every rule of it holding. Raises ContractError.

    Integers are cast to the contract's width where the values fit, and a column of nothing but nulls takes any type.
    Nothing else is cast: text that looks like a number is a fault of whoever made it.
    """
    wanted = schema_of(contract)
    for column, dtype in wanted.items():
        if column not in rows.columns:
            raise mismatch(table, contract, column, "is missing", str(dtype), rebuild)
        if not _castable(rows.schema[column], dtype):
            raise mismatch(table, contract, column, f"is {rows.schema[column]}", str(dtype), rebuild)
    for column in rows.columns:
        if column not in wanted:
            raise mismatch(table, contract, column, "is there", "no such column", rebuild)
    try:
        cast = rows.select(pl.col(column).cast(dtype, strict=True) for column, dtype in wanted.items())
    except pl.exceptions.InvalidOperationError:  # its text quotes values
        column = next(column for column, dtype in wanted.items() if not _fits(rows[column], dtype))
        raise mismatch(table, contract, column, "holds a number out of range", str(wanted[column]), rebuild) from None
    if broken := _broken_rule(cast, contract):
        raise mismatch(table, contract, *broken, rebuild)
    return cast


@cache
def schema_of(contract: type[dy.Schema], /) -> pl.Schema:
    """The contract's columns and types, in order."""
    return contract.create_empty().schema


@cache
def stored_schema(contract: type[dy.Schema], /) -> pl.Schema:
    """The contract's columns as they are stored. A type that would not come back as it was is a fault of the contract."""
    stored = {}
    for column, dtype in schema_of(contract).items():
        if dtype == pl.UInt64 or isinstance(dtype, pl.Array | pl.Enum | pl.Categorical):
            raise TypeError(f"{contract.__name__}.{column}: a Delta table does not give {dtype} back; use Int64, List or String")
        stored[column] = _STORED.get(type(dtype), dtype)
    return pl.Schema(stored)


def mismatch(table: str, contract: type[dy.Schema], column: str, found: str, wants: str, rebuild: str, /) -> ContractError:
    """The one form in which a table and its contract disagree about a column."""
    return ContractError(f'{table}: column "{column}" {found}, contract {contract.__name__} wants {wants}. Rebuild with: {rebuild}')


def _castable(found: pl.DataType, wanted: pl.DataType) -> bool:
    if isinstance(found, pl.List) and isinstance(wanted, pl.List):
        return _castable(_inner(found), _inner(wanted))
    return found == wanted or found == pl.Null or (found.is_integer() and wanted.is_integer())


def _inner(dtype: pl.List) -> pl.DataType:
    return dtype.inner if isinstance(dtype.inner, pl.DataType) else dtype.inner()


def _fits(column: pl.Series, dtype: pl.DataType) -> bool:
    return column.cast(dtype, strict=False).null_count() == column.null_count()


def _broken_rule(rows: pl.DataFrame, contract: type[dy.Schema]) -> tuple[str, str, str] | None:
    """Column, what was found and what is wanted, of the first rule that some row breaks."""
    _, failure = contract.filter(rows)
    if not (counts := failure.counts()):
        return None
    name, number = min(counts.items())
    column, _, rule = name.partition("|")
    if name == "primary_key":
        return ", ".join(contract.primary_key()), f"repeats in {number} rows", "each value once"
    if not rule:
        return ", ".join(schema_of(contract)), f"together break {name} in {number} rows", name.replace("_", " ")
    wants = "no nulls" if rule == "nullability" else f"{rule} {getattr(contract.columns()[column], rule, '')}".strip()
    return column, f"breaks {rule} in {number} rows", wants
