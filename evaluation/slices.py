"""Which slices a question belongs to: those of the documents that ought to be found for it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

import polars as pl

from evaluation.suite import Asked

SLICINGS = ("language", "source", "format", "access")
"""How questions are sliced, beside the labels of a suite's own."""
_SEVERAL = "several"
_UNKNOWN = "unknown"


def label(questions: Sequence[Asked], rows: pl.DataFrame, groups: Mapping[str, Sequence[str]], /) -> dict[str, dict[str, str]]:
    """Of each question, by its id, its slice in every slicing.

    `rows` are those of the index: document_id, language, source_id, uri, access_key; `groups` say what access keys stand for. A question
    whose expected documents differ is in `several`, one whose documents are not in the index in `unknown`.
    """
    documents = _documents(rows, groups)
    return {asked.question_id: _slices(asked, documents) for asked in questions}


def _documents(rows: pl.DataFrame, groups: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Of each document its language (that of most of its passages), source, format and groups."""
    most = rows.group_by("document_id").agg(pl.col("language").mode().sort().first(), pl.col("source_id", "uri", "access_key").first())
    return {
        row["document_id"]: {
            "language": row["language"] or _UNKNOWN,
            "source": row["source_id"],
            "format": PurePosixPath(row["uri"]).suffix.lower().lstrip(".") or _UNKNOWN,
            "access": "+".join(groups.get(row["access_key"], ())) or "everyone",
        }
        for row in most.iter_rows(named=True)
    }


def _slices(asked: Asked, documents: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    expected = dict.fromkeys((*(name for name, grade in asked.grades.items() if grade > 0), *(span.document for span in asked.passages)))
    held = [documents[name] for name in expected if name in documents]
    return {slicing: _one(document[slicing] for document in held) for slicing in SLICINGS}


def _one(names: Iterable[str]) -> str:
    distinct = set(names)
    return _UNKNOWN if not distinct else distinct.pop() if len(distinct) == 1 else _SEVERAL
