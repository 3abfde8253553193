"""A source's manifest: terms of many files in one CSV or JSONL. A fault in the file stops the run, for it would strip terms silently."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts.errors import SettingsError
from contracts.terms import Terms

Stated = dict[str, tuple[dict[str, Any], str]]
"""Per uri what was stated, not yet checked to be terms, and where."""


def read_manifest(path: Path, /, *, key: str) -> Stated:
    """What the manifest states per uri. Raises SettingsError naming `key`, file and line."""
    rows = {".csv": _csv_rows, ".jsonl": _jsonl_rows, ".ndjson": _jsonl_rows}.get(path.suffix.lower())
    if rows is None:
        raise SettingsError(f"{key}: {path.name} is neither .csv nor .jsonl. Save it as one of these")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{key}: {path} cannot be read: {error.strerror}. Correct the path, or leave `manifest` out") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{key}: {path} is not UTF-8. Save it as UTF-8") from None
    stated: Stated = {}
    try:
        for line, row in rows(text):
            uri = _uri(row.pop("uri", None), line)
            if uri in stated:
                raise _FaultError(line, f"states `{uri}` again, after {stated[uri][1]}. Keep one of the two")
            stated[uri] = (row, f"{path.name} line {line}")
    except _FaultError as fault:
        raise SettingsError(f"{key}: {path} line {fault.line} {fault.what}") from None
    return stated


class _FaultError(Exception):
    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = line, what


def _uri(value: object, line: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _FaultError(line, "has no `uri`. Give each row the path of its file, from the source's folder, with forward slashes")
    return unicodedata.normalize("NFC", value.strip().removeprefix("./"))


def _csv_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise _FaultError(reader.line_num, f"has {len(cells)} cells, the first line {len(header)}. Quote cells that hold a comma")
            yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise _FaultError(reader.line_num, f"is not CSV: {error}. Quote cells that hold a quote or a line break") from None


def _check_header(header: list[str]) -> None:
    if "uri" not in header:
        raise _FaultError(1, "has no column `uri`. Name the columns there, with commas between them")
    for column in header:
        if header.count(column) > 1:
            raise _FaultError(1, f"names the column `{column}` twice. Keep one")
        if column != "uri" and column not in Terms.model_fields:
            raise _FaultError(1, f"names the column `{column}`, which is not a term. Terms are {', '.join(Terms.model_fields)}")


def _jsonl_rows(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, row in enumerate(text.split("\n"), start=1):
        if not row.strip():
            continue
        try:
            said = json.loads(row, object_pairs_hook=lambda pairs: _once(pairs, line))  # noqa: B023 - called before the next line
        except (ValueError, RecursionError):
            raise _FaultError(line, "is not JSON. Put one object on each line") from None
        if not isinstance(said, dict):
            raise _FaultError(line, "is not an object. Put one object on each line")
        yield line, said


def _once(pairs: list[tuple[str, Any]], line: int) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise _FaultError(line, "states a key twice. Keep one")
    return said
